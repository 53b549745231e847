"""What one model reached in one task, and over several."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from ..record.evaluation import Composite, Mean, TaskScores
from ..tasks import Outcome, Task
from .ask import Asked
from .bootstrap import Sampled, composite, mean_of, of_aggregate, of_mean
from .plan import PlannedTask
from .scores import MAX_UNPARSED, item_result, n_unparsed, rates

__all__ = ["Scored", "composites", "score_task"]


@dataclass(frozen=True)
class Scored:
    """The scores of one task; `main` is the one that counts for knowledge, with its bootstrap distribution."""

    scores: TaskScores
    main: Sampled | None


def score_task(planned: PlannedTask, asked: Asked, seed: int) -> Scored:
    """Rates, means and items of one task."""
    spec, task, judged = planned.spec, planned.task, asked.judged()
    knows = spec.section in ("knowledge", "general")
    scored = [o for o in asked.outcomes if o.correct is not None or o.credit is not None]
    main: Sampled | None = None
    means: dict[str, Mean] = {}
    if knows and task.graded is not None:
        main = _graded(task, scored, seed, spec.name)
        means[task.graded] = mean_of(main, n_unscored=len(asked.outcomes) - len(scored))
    elif knows and task.metric is not None and scored:
        hits = [float(bool(o.correct)) for o in scored]
        main = of_mean(hits, [o.item.cluster for o in scored], seed=seed, stream=spec.name)
    unparsed = n_unparsed(judged)
    n_judged = sum(o.text is not None for o in asked.outcomes)
    scores = TaskScores(
        name=spec.name,
        task=spec.task,
        version=task.version,
        section=spec.section,
        main=(task.graded or task.metric) if knows else None,
        max_new_tokens=planned.max_new_tokens,
        rates=rates(spec.section, task.metric, judged, seed=seed),
        means=means,
        n_unparsed=unparsed,
        flagged=tuple(name for name, n in unparsed.items() if n > MAX_UNPARSED * n_judged),
        items=tuple(map(item_result, judged)),
        wall_s=asked.wall_s,
    )
    return Scored(scores, main)


def _graded(task: Task, scored: Sequence[Outcome], seed: int, stream: str) -> Sampled | None:
    """The score that the task makes of its outcomes. A mean of credits is drawn without asking the task again."""
    groups = [o.item.cluster for o in scored]
    if type(task).aggregate is not Task.aggregate:
        return of_aggregate(scored, groups, task.aggregate, seed=seed, stream=stream)
    credits_ = [o.credit for o in scored if o.credit is not None]
    return of_mean(credits_, groups, seed=seed, stream=stream) if credits_ else None


def composites(scored: Sequence[Scored], *, seed: int) -> dict[str, Composite]:
    """By section, the mean over the main scores of its tasks, where at least two have one."""
    found: dict[str, Composite] = {}
    for section in ("knowledge", "general"):
        parts = {s.scores.name: s for s in scored if s.scores.section == section and s.main is not None}
        made = composite(
            {name: s.main for name, s in parts.items() if s.main is not None},
            {name: str(s.scores.main) for name, s in parts.items()},
            seed=seed,
        )
        if made is not None and len(parts) > 1:
            found[section] = made
    return found
