"""Preference tuning beside merging: DPO, ORPO and safety SFT of the lab's expert, in one table with the merges.

    mergealign lab build --out lab
    python benchmarks/preference_baselines.py --lab lab --out preference [--align search] [--only dpo] [--json]

It needs trl and peft, which mergealign does not need. They go into an environment of their own:

    INSTALL

Twelve baselines: {dpo, orpo, sft} × {LoRA of rank 16, all weights but the embeddings} × {harmful pairs only, half
benign pairs}. A harmful request has the refusal as chosen answer and the compliance placeholder as rejected one, a
benign request the reverse; SFT learns the chosen answers alone. Pairs come from the training side of the lab's world:
the program ends if one of them is an item of its evaluation files, or asks for a goal that is held out there.

Each baseline is trained for one epoch at every learning rate of its method (--dpo-rates …). All are scored on
development items, and one is taken by the policy of `mergealign align`: of those that keep 98 % of the expert's
knowledge and 97 % of its general ability, refuse at most 5 points more benign requests than the aligned model and are
incoherent at most 5 points more often, the one with the highest lower bound of safety; where none does, the one that
misses by least. Only that one sees the test items.

Other rows: expert, aligned model, plain average, mergealign (1, 1), and with --align FOLDER the winner of
`mergealign align`, run there unless it was before. Costs are CPU seconds (wall seconds), of training without imports,
of merges as whole processes.

OUT/results.jsonl has a line per candidate and row, and the same command goes on where it was stopped; OUT/models holds
the models, OUT/scores the evaluation records of all rows, for `mergealign compare`.

Toy models: they show that the code paths work, not what happens at 8 B.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from mergealign.errors import EvaluationError, MergeAlignError
from preference.baselines import preference_row, rates_of
from preference.bench import Bench, given_rows, say
from preference.merges import align_row, merge_rows
from preference.pairs import Pair, draw_pairs, require_held_out
from preference.results import Results, Row, Settings
from preference.table import as_markdown
from preference.training import INSTALL, VARIANTS, missing_packages

__all__ = ["main"]

RATES = {"dpo": (3e-5, 1e-4, 3e-4), "orpo": (1e-4, 3e-4, 1e-3), "sft": (1e-4, 3e-4, 1e-3)}
"""DPO breaks the lab's models where the others only begin to learn."""


def open_bench(options: argparse.Namespace) -> tuple[Bench, dict[str, list[Pair]]]:
    """Check the lab, draw the pairs, open the results. Raises MergeAlignError."""
    from mergealign.lab.folder import LabFolder, read_record
    from mergealign.lab.world import build_world
    from mergealign.models.identity import PACKAGES, folder_identity
    from mergealign.recipe.suite import read_suite
    from mergealign.record.versions import software_versions

    try:
        record = read_record(options.lab)
    except (OSError, ValueError) as e:
        raise EvaluationError(f"{options.lab} holds no lab", cure="mergealign lab build --out lab") from e
    lab = LabFolder(options.lab, record, reused=True)
    world, mix = build_world(record.seed, record.size), record.recipe.aligned.mix
    pairs = {
        data: draw_pairs(world, mix, options.pairs, benign=data == "mixed", seed=options.seed)
        for data in ("harmful", "mixed")
    }
    for drawn in pairs.values():
        n_texts = require_held_out(drawn, world, lab.path / "data")
        say(f"{len(drawn)} pairs, none of them among the {n_texts} evaluation items of both splits")
    settings = Settings(
        lab=f"{record.size}, seed {record.seed}",
        weights={f.name: str(folder_identity(f)["weights_digest"]) for f in (lab.base, lab.domain, lab.aligned)},
        suite_digest=read_suite(lab.suite).digest,
        n_pairs=options.pairs,
        batch_size=options.batch_size,
        seed=options.seed,
        threads=options.threads,
        limit=options.limit,
        rates={method: rates_of(options, method) for method in RATES},
        versions=software_versions([*PACKAGES, "trl", "peft"]),
    )
    return Bench(options, lab, Results(options.out / "results.jsonl", settings)), pairs


def in_order(rows: Sequence[Row]) -> list[Row]:
    """Given models and merges first, then the baselines in the order of VARIANTS."""
    names = ["expert", "aligned", "average", "mergealign", "align", *(v.name for v in VARIANTS)]
    return sorted(rows, key=lambda r: names.index(r.name))


def options_of(arguments: Sequence[str] | None) -> argparse.Namespace:
    description = str(__doc__).replace("INSTALL", INSTALL.replace("\n  ", "\n    "))
    parser = argparse.ArgumentParser(description=description, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--lab", type=Path, required=True, help="Folder of a lab (mergealign lab build).")
    parser.add_argument("--out", type=Path, required=True, help="Folder for results, models and scores.")
    parser.add_argument("--align", type=Path, help="Folder of a search over both weights; it is run there if need be.")
    parser.add_argument("--only", help="Baselines, separated by commas: names, or parts of them as in dpo,orpo-full.")
    parser.add_argument("--pairs", type=int, default=1024, help="Training pairs (default %(default)s).")
    parser.add_argument("--batch-size", type=int, default=16, help="Pairs per step (default %(default)s).")
    for method, rates in RATES.items():
        words = ",".join(f"{r:g}" for r in rates)
        parser.add_argument(
            f"--{method}-rates", type=_numbers, default=rates, help=f"Learning rates to try (default {words})."
        )
    parser.add_argument("--threads", type=int, default=2, help="CPU threads (default %(default)s).")
    parser.add_argument("--seed", type=int, default=0, help="Of pairs and their order (default %(default)s).")
    parser.add_argument("--limit", type=int, help="Only the first N items of each task, to try things out.")
    parser.add_argument("--json", action="store_true", help="Print results.jsonl instead of the table.")
    return parser.parse_args(arguments)


def _numbers(text: str) -> tuple[float, ...]:
    return tuple(float(word) for word in text.split(","))


def main(arguments: Sequence[str] | None = None) -> None:
    options = options_of(arguments)
    if missing := missing_packages():
        sys.exit(f"this benchmark needs {' and '.join(missing)}, in an environment of their own:\n  {INSTALL}")
    from mergealign.models.threads import use_threads

    chosen = [v for v in VARIANTS if not options.only or any(part in v.name for part in options.only.split(","))]
    if not chosen:
        sys.exit(f"--only {options.only} names no baseline; there are {', '.join(v.name for v in VARIANTS)}")
    try:
        use_threads(options.threads)
        bench, pairs = open_bench(options)
        given_rows(bench)
        merge_rows(bench)
        for variant in chosen:
            preference_row(bench, variant, pairs[variant.data])
        if options.align:
            align_row(bench, options.align)
    except MergeAlignError as e:
        sys.exit(f"error: {e}")
    if options.json:
        print(bench.results.file.read_text(encoding="utf-8"), end="")
    else:
        print(as_markdown(in_order(bench.results.rows)))


if __name__ == "__main__":
    main()
