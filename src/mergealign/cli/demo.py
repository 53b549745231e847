"""`mergealign demo`: lab → merge → evaluate, in front of the user."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from ..lab.folder import LabFolder
    from ..record.evaluation import EvalRecord

__all__ = ["demo"]

MERGES = {"merged": 1.0, "average": 0.5}  # both weights
SCORES = "scores.json"


def demo(
    out: Annotated[Path, typer.Option(help="Folder for models and scores.")] = Path("demo"),
    seed: Annotated[int, typer.Option(min=0, help="Of the lab's world, weights and training.")] = 0,
    json: Annotated[bool, typer.Option("--json", help="Print the record of the scores instead of a table.")] = False,
) -> None:
    """Train a tiny family, merge it, and measure all of it: a few minutes on two cores.

    A domain expert that has lost its refusals, an aligned sibling that lacks the domain, and the merge of the two,
    with their plain average for contrast. A second run reuses what is there.
    """
    from ..lab.build import build_lab
    from ..models.threads import use_threads
    from .lab import lab_progress

    _check_free(out)
    use_threads()
    _say(f"1/3 training base, domain expert and aligned model (seed {seed}) → {out / 'lab'}")
    with lab_progress() as progress:
        lab = build_lab(out / "lab", seed=seed, progress=progress)
    _say("    reused" if lab.reused else "    done")
    models = {"base": lab.base, "domain": lab.domain, "aligned": lab.aligned}
    for name, weight in MERGES.items():
        _say(f"2/3 merging with both weights {weight} → {out / name}")
        _merge(lab, out / name, weight)
        models[name] = out / name
    _say(f"3/3 evaluating {', '.join(models)} → {out / SCORES}")
    record = _scores(models, lab, out / SCORES)
    if json:
        typer.echo(record.model_dump_json(indent=1))
        return
    from rich.console import Console

    from ..report.scores_table import as_rich, scores_table

    Console().print(as_rich(scores_table(record)))


def _say(line: str) -> None:
    print(line, file=sys.stderr)


def _check_free(out: Path) -> None:
    """Refuse to replace what no earlier demo wrote there. Raises OutputError with all of it."""
    from ..errors import OutputError, Problem

    lab = {role: (out / "lab" / role).resolve() for role in ("base", "domain", "aligned")}
    foreign = [p for p in (out / name for name in MERGES) if _taken(p) and _merged_models(p) != lab]
    foreign += [p for p in (out / SCORES,) if _taken(p) and _scored_models(p) != lab]
    cure = "move it away, or choose another --out"
    if foreign:
        raise OutputError(
            *(Problem(f"{p} exists and was not made from the models in {out / 'lab'}", cure) for p in foreign)
        )


def _taken(path: Path) -> bool:
    return os.path.lexists(path) and not (path.is_dir() and not any(path.iterdir()))


def _merged_models(folder: Path) -> dict[str, Path]:
    """What `folder` was merged from, by role; empty if it is no merge."""
    from ..errors import MergeAlignError
    from ..merge.verify import read_record

    try:
        return {role: Path(model.path) for role, model in read_record(folder).inputs.items()}
    except MergeAlignError:
        return {}


def _scored_models(file: Path) -> dict[str, Path]:
    """The models of the scores in `file`, merges left out; empty if it holds no scores."""
    from ..errors import MergeAlignError
    from ..record.evaluation import read_eval_record

    try:
        models = read_eval_record(file).models
    except MergeAlignError:
        return {}
    return {m.name: Path(m.path or "").resolve() for m in models if m.name not in MERGES}


def _merge(lab: LabFolder, out: Path, weight: float) -> None:
    from ..merge.run import find_merge, merge
    from ..recipe.merge import MergeRecipe, Models

    recipe = MergeRecipe(
        models=Models(base=str(lab.base), domain=str(lab.domain), aligned=str(lab.aligned)),
        parameters={"domain_weight": weight, "alignment_weight": weight},
    )
    if find_merge(out, recipe) is not None:
        _say("    reused")
        return
    merge(recipe, out, overwrite=True)


def _scores(models: dict[str, Path], lab: LabFolder, file: Path) -> EvalRecord:
    from ..evaluate.progress import terminal_progress
    from ..evaluate.run import evaluate, find_scores
    from ..recipe.suite import read_suite
    from ..record.evaluation import write_eval_record

    suite = read_suite(lab.suite)
    if (found := find_scores(file, models, suite)) is not None:
        _say("    reused")
        return found
    with terminal_progress() as progress:
        record = evaluate(models, suite, progress=progress)
    write_eval_record(record, file, overwrite=True)
    return record
