"""Two models on the same items, from their records: what is the difference, and could it be chance?

Items are paired by their ids. On pairs, what makes some items harder than others drops out: a difference is found with
far fewer items than from two separate rates.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from ..errors import EvaluationError, Problem
from ..judges import Behavior, Safety, Verdict
from ..models.identity import PACKAGES
from ..record.comparison import Compared, Comparison, PairedDifference
from ..record.evaluation import EvalRecord, ItemResult, JudgeSource, ModelScores, TaskScores
from ..registry import did_you_mean
from .bootstrap import of_mean, percentiles
from .scores import labels_of
from .statistics import holm, mcnemar, wilson

__all__ = ["Side", "compare", "pick"]

_SURROUNDINGS = {*PACKAGES, "python", "mergealign", "device", "base_url"}
_MAIN_LABEL = {"harmful": "safe_rate", "benign": "over_refusal_rate"}


@dataclass(frozen=True)
class Side:
    """One model of one record."""

    file: Path
    record: EvalRecord
    model: ModelScores

    @property
    def compared(self) -> Compared:
        return Compared(file=str(self.file), name=self.model.name, weights_digest=self.model.weights_digest)


def pick(file: Path, record: EvalRecord, name: str | None, option: str) -> Side:
    """The model `name` of a record, or its only one. Raises EvaluationError naming those that are there.

    `option` is what messages tell the user to give.
    """
    models = {m.name: m for m in record.models}
    if name is None and len(models) == 1:
        return Side(file, record, record.models[0])
    if name is None:
        raise EvaluationError(
            f"{file} holds {len(models)} models: {', '.join(models)}", cure=f"say which one: {option} NAME"
        )
    if name not in models:
        raise EvaluationError(Problem(f"{file} has no model '{name}'", did_you_mean(name, models)))
    return Side(file, record, models[name])


def compare(a: Side, b: Side, *, seed: int = 0) -> Comparison:
    """b minus a, task by task. Raises EvaluationError with every reason why the two cannot be compared."""
    pairs = _paired_tasks(a, b)
    found = [d for one, other in pairs for d in _differences(one, other, seed)]
    tested = [n for n, d in enumerate(found) if d.main and d.p_mcnemar is not None]
    adjusted = holm([found[n].p_mcnemar or 0.0 for n in tested])
    for n, p in zip(tested, adjusted, strict=True):
        found[n] = found[n].model_copy(update={"p_holm": p})
    return Comparison(
        suite=a.record.suite.name,
        split=a.record.settings.split,
        seed=seed,
        a=a.compared,
        b=b.compared,
        differences=tuple(found),
        notes=tuple(_notes(a, b)),
    )


def _paired_tasks(a: Side, b: Side) -> list[tuple[TaskScores, TaskScores]]:
    one, other = a.record, b.record
    problems: list[Problem] = []

    def refuse(what: str, first: object, second: object) -> None:
        problems.append(Problem(f"{what}: {first} in {a.file}, {second} in {b.file}", "evaluate both in the same way"))

    if one.suite.digest != other.suite.digest:
        refuse(
            "different suites",
            f"{one.suite.name} {one.suite.digest[:8]}",
            f"{other.suite.name} {other.suite.digest[:8]}",
        )
    if one.settings.split != other.settings.split:
        refuse("different splits", one.settings.split, other.settings.split)
    judges = [[(j.name, j.judge, j.version) for j in r.settings.judges] for r in (one, other)]
    if judges[0] != judges[1]:
        refuse("different judges", *(", ".join(f"{n} (version {v})" for n, _, v in j) for j in judges))
    else:
        both = zip(one.settings.judges, other.settings.judges, strict=True)
        if names := [x.name for x, y in both if _decisive(x) != _decisive(y)]:
            refuse(f"different weights or parameters of judge {', '.join(names)}", "one", "another")
    ours, theirs = ({t.name: t for t in side.model.tasks} for side in (a, b))
    shared = [name for name in ours if name in theirs]
    if not shared:
        refuse("no task in common", ", ".join(ours) or "none", ", ".join(theirs) or "none")
    for name in shared:
        if one.suite.data.get(name) != other.suite.data.get(name):
            refuse(f"different data of task '{name}'", one.suite.data.get(name), other.suite.data.get(name))
        if ours[name].version != theirs[name].version:
            refuse(f"different versions of task '{name}'", ours[name].version, theirs[name].version)
        if ours[name].max_new_tokens != theirs[name].max_new_tokens:
            lengths = ours[name].max_new_tokens, theirs[name].max_new_tokens
            refuse(f"different lengths of answers in task '{name}'", *lengths)
    if problems:
        raise EvaluationError(*problems)
    return [(ours[name], theirs[name]) for name in shared]


def _decisive(judge: JudgeSource) -> dict[str, str]:
    """What makes it another judge. Software and hardware move its numbers in the last digits; that is only noted."""
    return {k: v for k, v in judge.identity.items() if k not in _SURROUNDINGS}


def _notes(a: Side, b: Side) -> Iterator[str]:
    """What differs and does not forbid a comparison."""
    for key in ("chat_template_sha256", "dtype", "device", "backend"):
        first, second = a.model.facts.get(key), b.model.facts.get(key)
        if first != second:
            yield f"{key} differs: {first or 'unknown'} and {second or 'unknown'}"
    if a.record.settings.limit != b.record.settings.limit:
        yield "one was asked more items than the other: the items of both count"
    if a.record.settings.judges != b.record.settings.judges:
        yield "the judges ran on different machines or with different versions of software"
    if a.record.versions != b.record.versions:
        yield "versions of software differ"


def _differences(one: TaskScores, other: TaskScores, seed: int) -> Iterator[PairedDifference]:
    """The main score first, then the rest."""
    found = [_by_score(task) for task in (one, other)]
    names = [name for name in found[0] if name in found[1]]
    main = _MAIN_LABEL.get(one.section, one.main)
    if main not in names:  # F1 over a whole set belongs to no item; its accuracy does
        main = _metric(one)
    for name in sorted(names, key=lambda name: name != main):
        difference = _paired(
            one, name, found[0][name], found[1][name], groups=_groups(one), main=name == main, seed=seed
        )
        if difference is not None:
            yield difference


def _metric(task: TaskScores) -> str | None:
    """The rate that is made of right and wrong; all others are made of labels."""
    return next((name for name in task.rates if not name.endswith("_rate")), None)


def _by_score(task: TaskScores) -> dict[str, dict[str, float | bool]]:
    """What each item contributes to each score: score → item id → value."""
    found: dict[str, dict[str, float | bool]] = {}
    metric = _metric(task)
    credited = {i.id: i.credit for i in task.items if i.credit is not None}
    mean = sum(credited.values()) / len(credited) if credited else None
    for name, graded in task.means.items():
        if mean is not None and graded.value is not None and abs(mean - graded.value) < 1e-9:  # a mean over items
            found[name] = dict(credited)
    for item in task.items:
        if metric is not None and item.correct is not None:
            found.setdefault(metric, {})[item.id] = item.correct
        for name, hit in labels_of(task.section, _verdict(item)).items():
            if name in task.rates:
                found.setdefault(name, {})[item.id] = hit
    return found


def _verdict(item: ItemResult) -> Verdict | None:
    if item.behavior is None and item.verdict is None:
        return None
    return Verdict(Behavior(item.behavior) if item.behavior else None, Safety(item.verdict) if item.verdict else None)


def _groups(task: TaskScores) -> dict[str, str]:
    return {i.id: i.group or i.id for i in task.items}


def _paired(
    task: TaskScores,
    score: str,
    first: Mapping[str, float | bool],
    second: Mapping[str, float | bool],
    *,
    groups: Mapping[str, str],
    main: bool,
    seed: int,
) -> PairedDifference | None:
    ids = [id_ for id_ in first if id_ in second]
    if not ids:
        return None
    change = [float(second[id_]) - float(first[id_]) for id_ in ids]
    sampled = of_mean(change, [groups[id_] for id_ in ids], seed=seed, stream=f"{task.name} {score}")
    method: Literal["bootstrap", "wilson"] = "wilson" if sampled.constant else "bootstrap"
    low, high = _around(sampled.value, sampled.n_groups) if sampled.constant else percentiles(sampled.drawn)
    yes_or_no = all(isinstance(v, bool) for v in (*first.values(), *second.values()))
    only_a, only_b = sum(c < 0 for c in change), sum(c > 0 for c in change)
    return PairedDifference(
        task=task.name,
        section=task.section,
        score=score,
        main=main,
        n=len(ids),
        n_groups=sampled.n_groups,
        a=sum(float(first[id_]) for id_ in ids) / len(ids),
        b=sum(float(second[id_]) for id_ in ids) / len(ids),
        difference=sampled.value,
        ci_low=low,
        ci_high=high,
        method=method,
        n_only_a=only_a if yes_or_no else None,
        n_only_b=only_b if yes_or_no else None,
        p_mcnemar=mcnemar(only_a, only_b) if yes_or_no else None,
        n_unpaired=len(set(first) | set(second) | set(groups)) - len(ids),
    )


def _around(difference: float, n_groups: int) -> tuple[float, float]:
    """The interval where all groups of pairs differ alike: another one could still differ otherwise."""
    _, unseen = wilson(0.0, n_groups)
    return max(-1.0, difference - unseen), min(1.0, difference + unseen)
