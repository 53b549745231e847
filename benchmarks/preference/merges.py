"""The rows to compare with: merges without training, and what `mergealign align` finds."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path

from mergealign.errors import EvaluationError

from .bench import Bench, say
from .results import Cost

__all__ = ["align_row", "merge_rows"]

NO_CHOICE = 3
"""Exit code of `mergealign align` where no trial satisfies the policy."""


def merge_rows(bench: Bench) -> None:
    """The plain average of expert and aligned model, and mergealign's default weights."""
    for name, weight in (("average", 0.5), ("mergealign", 1.0)):
        if not bench.has_row(name):
            cost = merge(bench, name, weight, weight)
            bench.row(name, bench.model(name), f"({weight:g}, {weight:g})", cost)


def merge(bench: Bench, name: str, domain_weight: float, alignment_weight: float) -> Cost:
    lab = bench.lab
    models = ("--base", str(lab.base), "--domain", str(lab.domain), "--aligned", str(lab.aligned))
    weights = ("--domain-weight", repr(domain_weight), "--alignment-weight", repr(alignment_weight))
    return run_mergealign("merge", *models, *weights, "--out", str(bench.model(name)), "--overwrite")


def align_row(bench: Bench, folder: Path) -> None:
    """The winner of a search over both weights, or the nearest where none qualifies."""
    from mergealign.record.study import read_study_record

    if bench.has_row("align"):
        return
    lab, file = bench.lab, folder / "study.json"
    cost: Cost | None = None
    if not file.is_file():
        say(f"searching in {folder}")
        models = ("--base", str(lab.base), "--domain", str(lab.domain), "--aligned", str(lab.aligned))
        where = ("--suite", str(lab.suite), "--out", str(folder), "--threads", str(bench.options.threads), "--resume")
        cost = run_mergealign("align", *models, *where, also=(NO_CHOICE,))
    study = read_study_record(file)
    expert = bench.results.rows[0].weights_digest
    if expert not in {m.weights_digest for m in study.references}:
        raise EvaluationError(f"{folder} holds a search over other models", cure="choose another --align")
    number = study.choice.nearest if study.choice.winner is None else study.choice.winner
    trial = next((t for t in study.trials if t.number == number), None)
    if trial is None or set(trial.point) != {"domain_weight", "alignment_weight"}:
        raise EvaluationError(f"{folder} holds no search over the two weights", cure="choose another --align")
    point = {name: trial.point[name] for name in ("domain_weight", "alignment_weight")}
    making = merge(bench, "align", **point)
    nearest = ", nearest" if study.choice.winner is None else ""
    how = f"({', '.join(f'{v:.2f}' for v in point.values())}), {len(study.trials)} trials{nearest}"
    choosing = Cost(wall_s=study.search_s, cpu_s=cost.cpu_s if cost else None)
    bench.row("align", bench.model("align"), how, making, choosing, study.choice)


def run_mergealign(*arguments: str, also: Sequence[int] = ()) -> Cost:
    """A command of mergealign as a whole process, which ends with 0 or a code in `also`. Raises EvaluationError."""
    before, wall = os.times(), time.perf_counter()
    command = [str(Path(sys.executable).with_name("mergealign")), *arguments]
    done = subprocess.run(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
    if done.returncode not in (0, *also):
        raise EvaluationError(f"mergealign {arguments[0]} failed:\n{done.stderr[-2000:]}", cure="see above")
    after = os.times()
    cpu_s = after.children_user + after.children_system - before.children_user - before.children_system
    return Cost(wall_s=time.perf_counter() - wall, cpu_s=cpu_s)
