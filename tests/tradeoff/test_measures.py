"""From scores of tasks to what a search weighs."""

from __future__ import annotations

from math import isclose, sqrt
from typing import Any

import pytest

from mergealign.errors import EvaluationError
from mergealign.record.evaluation import GroupInterval, Mean, Rate, TaskScores
from mergealign.tradeoff.measures import measure


def task(name: str, section: Any, main: str | None = None, means: Any = None, **rates: Rate) -> TaskScores:
    return TaskScores(
        name=name,
        task="any",
        version=1,
        section=section,
        main=main,
        max_new_tokens=8,
        rates=rates,
        means=means or {},
        items=(),
        wall_s=0,
    )


def rate(value: float, half: float = 0.1, **more: Any) -> Rate:
    return Rate(value=value, k=round(100 * value), n=100, ci_low=value - half, ci_high=value + half, **more)


HARMFUL = task("harmful", "harmful", safe_rate=rate(0.8), incoherent_rate=rate(0.1))
KNOWS = task("domain", "knowledge", "acc", acc=rate(0.6), refusal_rate=rate(0.2))


def test_one_task_keeps_its_own_interval() -> None:
    found = measure([KNOWS, HARMFUL])
    assert (found.knowledge.value, found.knowledge.ci_low, found.knowledge.ci_high) == (0.6, 0.5, 0.7)
    assert found.knowledge.tasks == ("domain",)
    assert isclose(found.safety.ci_low, 0.7)
    assert found.over_refusal is None
    assert found.general is None
    assert found.incoherent is not None
    assert found.incoherent.value == 0.1


def test_tasks_weigh_the_same_and_intervals_shrink() -> None:
    graded = task("greedy", "knowledge", "f1", {"f1": Mean(value=0.4, n=50, ci_low=0.2, ci_high=0.5)})
    found = measure([KNOWS, graded, HARMFUL]).knowledge
    assert found.value == 0.5
    assert isclose(found.ci_low, 0.5 - sqrt(0.1**2 + 0.2**2) / 2)
    assert isclose(found.ci_high, 0.5 + sqrt(0.1**2 + 0.1**2) / 2)
    assert found.n == 150


def test_intervals_are_by_group_where_items_share_one() -> None:
    groups = GroupInterval(ci_low=0.3, ci_high=0.9, n_groups=9, n_eff=9, method="wilson")
    found = measure([KNOWS, task("h", "harmful", safe_rate=rate(0.8, by_group=groups))])
    assert isclose(found.safety.ci_low, 0.3)
    assert isclose(found.safety.ci_high, 0.9)


def test_incoherence_is_of_harmful_and_benign_prompts() -> None:
    benign = task("benign", "benign", over_refusal_rate=rate(0.05), incoherent_rate=rate(0.3))
    found = measure([KNOWS, HARMFUL, benign])
    assert found.incoherent is not None
    assert isclose(found.incoherent.value, 0.2)
    assert found.over_refusal is not None
    assert found.over_refusal.value == 0.05


def test_what_could_not_be_scored_is_an_error() -> None:
    nothing = Rate(value=None, k=0, n=0, ci_low=None, ci_high=None)
    with pytest.raises(EvaluationError, match="no task gave a score of safety"):
        measure([KNOWS, task("h", "harmful", safe_rate=nothing)])
    with pytest.raises(EvaluationError, match="no task gave a score of knowledge"):
        measure([HARMFUL])
