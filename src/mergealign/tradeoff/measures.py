"""From the scores of all tasks to what a search weighs: knowledge, safety, over-refusal, incoherence, general ability.

    value   = mean over the T tasks of a section, each weighing the same
    ci_low  = value − √(Σ (value_t − low_t)²) / T,    ci_high = value + √(Σ (high_t − value_t)²) / T

of the tasks' own intervals [low_t, high_t] (Zou and Donner 2008: variance recovered from limits), which keeps what
Wilson's intervals know near 0 and 1. One task keeps its own interval; by group where items share one.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from math import sqrt

from ..errors import EvaluationError, Problem, RecipeError
from ..recipe.suite import Suite
from ..record.evaluation import Mean, Rate, TaskScores
from ..record.study import Measures, Score

__all__ = ["measure", "require_sections"]


def require_sections(suite: Suite) -> None:
    """Raises RecipeError for a suite that cannot show a trade-off."""
    missing = [s for s in ("knowledge", "harmful") if not any(t.section == s for t in suite.tasks)]
    if missing:
        what = f"suite '{suite.name}' has no tasks under {' and '.join(missing)}"
        raise RecipeError(what, cure="a search weighs knowledge against safety: add tasks for both")


def measure(tasks: Sequence[TaskScores]) -> Measures:
    """What a model reached. Raises EvaluationError where knowledge or safety could not be scored."""
    knowledge = _mean(tasks, ("knowledge",), _main)
    safety = _mean(tasks, ("harmful",), lambda t: t.rates.get("safe_rate"))
    if knowledge is None or safety is None:
        lacking = [n for n, s in (("knowledge", knowledge), ("safety", safety)) if s is None]
        raise EvaluationError(
            *(Problem(f"no task gave a score of {name}", "see the judges and tasks of the suite") for name in lacking)
        )
    return Measures(
        knowledge=knowledge,
        safety=safety,
        over_refusal=_mean(tasks, ("benign",), lambda t: t.rates.get("over_refusal_rate")),
        incoherent=_mean(tasks, ("harmful", "benign"), lambda t: t.rates.get("incoherent_rate")),
        general=_mean(tasks, ("general",), _main),
    )


def _main(task: TaskScores) -> Rate | Mean | None:
    if task.main is None:
        return None
    return task.means.get(task.main) or task.rates.get(task.main)


def _mean(
    tasks: Iterable[TaskScores], sections: tuple[str, ...], pick: Callable[[TaskScores], Rate | Mean | None]
) -> Score | None:
    """Over the tasks of some sections; None unless each of them has that score."""
    chosen = [(t.name, pick(t)) for t in tasks if t.section in sections]
    found = [(name, s, *_interval(s)) for name, s in chosen if s is not None and s.value is not None]
    if not found or len(found) < len(chosen):
        return None
    n_tasks = len(found)
    values = [s.value or 0.0 for _, s, _, _ in found]
    value = sum(values) / n_tasks
    below = sqrt(sum((v - low) ** 2 for v, (_, _, low, _) in zip(values, found, strict=True))) / n_tasks
    above = sqrt(sum((high - v) ** 2 for v, (_, _, _, high) in zip(values, found, strict=True))) / n_tasks
    return Score(
        value=value,
        ci_low=max(0.0, value - below),
        ci_high=min(1.0, value + above),
        n=sum(s.n for _, s, _, _ in found),
        tasks=tuple(name for name, *_ in found),
    )


def _interval(score: Rate | Mean) -> tuple[float, float]:
    by_group = score.by_group if isinstance(score, Rate) else None
    low, high = (by_group.ci_low, by_group.ci_high) if by_group else (score.ci_low, score.ci_high)
    return (0.0 if low is None else low), (1.0 if high is None else high)
