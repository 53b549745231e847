"""Everything that can be checked before a model is loaded: tasks, data, judges."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from ..errors import EvaluationError, MergeAlignError, Problem
from ..judges import JUDGES, Judge
from ..recipe.suite import Split, Suite, SuiteJudge, SuiteTask
from ..record.evaluation import JudgeSource
from ..registry import did_you_mean
from ..tasks import TASKS, Item, Task

__all__ = ["EvalPlan", "PlannedJudge", "PlannedTask", "plan"]


@dataclass(frozen=True)
class PlannedTask:
    """One task with the items that will be asked."""

    spec: SuiteTask
    task: Task
    items: tuple[Item, ...]
    data_digest: str
    max_new_tokens: int


@dataclass(frozen=True)
class PlannedJudge:
    """One judge, not loaded yet."""

    spec: SuiteJudge
    judge: Judge

    @cached_property
    def source(self) -> JudgeSource:
        """Who it is. Digests of a guard are taken once."""
        identity = dict(self.judge.identity())
        return JudgeSource(name=self.spec.name, judge=self.spec.judge, version=self.judge.version, identity=identity)


@dataclass(frozen=True)
class EvalPlan:
    """A suite whose data was read and found sound.

    Attributes:
        limit: of the caller: ask only the first items of each task; None = the suite's own limits alone.
    """

    suite: Suite
    split: Split
    limit: int | None
    judges: tuple[PlannedJudge, ...]
    tasks: tuple[PlannedTask, ...]

    @property
    def n_items(self) -> int:
        """Items per model, over all tasks."""
        return sum(len(t.items) for t in self.tasks)


def plan(
    suite: Suite, *, split: Split = "test", limit: int | None = None, tasks: Sequence[str] | None = None
) -> EvalPlan:
    """Read all data of `suite`. Raises EvaluationError with every problem of every file, task and judge.

    Args:
        limit: ask only the first items of each task; the smallest of this, the task's and the suite's limit holds.
        tasks: ask only these, by their names in the suite.
    """
    problems: list[Problem] = []
    if limit is not None and limit < 1:
        problems.append(Problem(f"limit must be at least 1, found {limit}", "leave it out to ask everything"))
    names = [t.name for t in suite.tasks]
    problems += (
        Problem(f"suite '{suite.name}' has no task '{name}'", did_you_mean(name, names))
        for name in tasks or ()
        if name not in names
    )
    planned: list[PlannedTask] = []
    for spec in (t.for_split(split) for t in suite.tasks if not tasks or t.name in tasks):
        task: Task = TASKS.get(spec.task)(**spec.parameters)
        first = min((n for n in (limit, spec.limit, suite.limit) if n is not None), default=None)
        length = spec.max_new_tokens or suite.max_new_tokens
        try:
            planned.append(PlannedTask(spec, task, task.items()[:first], task.source_digest(), length))
        except MergeAlignError as e:
            problems += (p for p in e.problems if p not in problems)  # two tasks may share a file
    judges = _judges(suite, problems)
    if problems:
        raise EvaluationError(*problems)
    return EvalPlan(suite, split, limit, judges, tuple(planned))


def _judges(suite: Suite, problems: list[Problem]) -> tuple[PlannedJudge, ...]:
    """The judges; what is wrong with them goes to `problems`."""
    found: list[PlannedJudge] = []
    for spec in suite.judges:
        try:
            part: Any = JUDGES.get(spec.judge)
            found.append(PlannedJudge(spec, part(**spec.parameters)))
        except MergeAlignError as e:
            problems += e.problems
    return tuple(found)
