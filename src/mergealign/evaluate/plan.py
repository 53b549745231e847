"""Everything that can be checked before a model is loaded: tasks, data files, judge."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import xxhash

from ..errors import EvaluationError, MergeAlignError, Problem
from ..judges import JUDGES, Judge
from ..recipe.suite import Split, Suite, SuiteTask
from ..tasks import TASKS, Item, Task

__all__ = ["EvalPlan", "PlannedTask", "plan"]


@dataclass(frozen=True)
class PlannedTask:
    """One task with the items that will be asked."""

    spec: SuiteTask
    task: Task
    items: tuple[Item, ...]
    data_digest: str


@dataclass(frozen=True)
class EvalPlan:
    """A suite whose data was read and found sound."""

    suite: Suite
    split: Split
    limit: int | None
    judge: Judge
    tasks: tuple[PlannedTask, ...]

    @property
    def n_items(self) -> int:
        """Items per model, over all tasks."""
        return sum(len(t.items) for t in self.tasks)


def plan(suite: Suite, *, split: Split = "test", limit: int | None = None) -> EvalPlan:
    """Read all data of `suite`. Raises EvaluationError with every problem of every file.

    Args:
        limit: ask only the first items of each task.
    """
    problems: list[Problem] = []
    if limit is not None and limit < 1:
        problems.append(Problem(f"limit must be at least 1, found {limit}", "leave it out to ask everything"))
    planned: list[PlannedTask] = []
    for spec in (t.for_split(split) for t in suite.tasks):
        task: Task = TASKS.get(spec.task)(**spec.parameters)
        try:
            planned.append(PlannedTask(spec, task, task.items()[:limit], _digest(task)))
        except MergeAlignError as e:
            problems += (p for p in e.problems if p not in problems)  # two tasks may share a file
    if problems:
        raise EvaluationError(*problems)
    judge: Any = JUDGES.get(suite.judge)
    return EvalPlan(suite, split, limit, judge(), tuple(planned))


def _digest(task: Task) -> str:
    return xxhash.xxh3_128_hexdigest(task.path.read_bytes())
