"""Tasks that grade: means over items, and scores that are computed from all of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

import pytest

from mergealign.evaluate.ask import Asked
from mergealign.evaluate.plan import PlannedTask
from mergealign.evaluate.task_scores import Scored, composites, score_task
from mergealign.recipe.suite import SuiteTask
from mergealign.tasks import Item, Outcome, Task


@dataclass(frozen=True, kw_only=True)
class Graded(Task):
    """Gives credit beside right and wrong."""

    version: ClassVar[int] = 1
    sections: ClassVar[frozenset[str]] = frozenset({"knowledge"})
    metric: ClassVar[str | None] = "exact_match"
    graded: ClassVar[str | None] = "f1"

    def items(self) -> tuple[Item, ...]:
        return ()

    def source_digest(self) -> str:
        return ""

    def ask(self, *_: Any, **__: Any) -> list[Outcome]:
        return []


class OverAll(Graded):
    """The share of the commonest prediction: no mean over items."""

    def aggregate(self, outcomes: Sequence[Outcome]) -> float | None:
        said = [o.predicted for o in outcomes if o.correct is not None]
        return max(map(said.count, set(said))) / len(said) if said else None


def outcomes(credits_: Sequence[float | None]) -> list[Outcome]:
    return [
        Outcome(
            Item(f"q{n}", "?", f"g{n // 2}"),
            correct=None if c is None else c == 1,
            credit=c,
            predicted=None if c is None else "ab"[n % 2],
        )
        for n, c in enumerate(credits_)
    ]


def scored(task: Task, found: list[Outcome], section: Any = "knowledge", name: str = "t") -> Scored:
    planned = PlannedTask(SuiteTask(section, name, "graded", {}), task, (), "", 8)
    return score_task(planned, Asked("m", name, found, 1.0), seed=0)


CREDITS = [1.0, 0.5, 0.0, 1.0, None, 0.25, 0.75, 1.0]


def test_a_mean_of_credits() -> None:
    found = scored(Graded(), outcomes(CREDITS)).scores
    mean = found.means["f1"]
    known = [c for c in CREDITS if c is not None]
    assert mean.value == pytest.approx(sum(known) / 7)
    assert (mean.n, mean.n_unscored, mean.n_groups, mean.method) == (7, 1, 4, "bootstrap")
    assert found.main == "f1"
    assert (found.rates["exact_match"].k, found.rates["exact_match"].n) == (3, 7)
    assert [i.credit for i in found.items] == CREDITS


def test_a_score_of_all_items_together() -> None:
    found = scored(OverAll(), outcomes(CREDITS))
    assert found.scores.means["f1"].value == pytest.approx(4 / 7)
    assert found.main is not None
    assert found.main.drawn.min() >= 0.5


def test_nothing_scored_is_no_score() -> None:
    for task in (Graded(), OverAll()):
        found = scored(task, outcomes([None, None]))
        assert found.main is None
        assert (found.scores.means["f1"].value, found.scores.means["f1"].n_unscored) == (None, 2)
        assert composites([found, scored(Graded(), outcomes(CREDITS))], seed=0) == {}


def test_composites_are_made_of_what_counts_in_each_section() -> None:
    parts = [
        scored(Graded(), outcomes(CREDITS), name="a"),
        scored(OverAll(), outcomes(CREDITS), name="b"),
        scored(Graded(), outcomes(CREDITS), "general", name="c"),
        scored(Graded(), outcomes(CREDITS), "harmful", name="d"),
    ]
    found = composites(parts, seed=0)
    assert list(found) == ["knowledge"]
    assert found["knowledge"].scores == {"a": "f1", "b": "f1"}
    values = [p.main.value for p in parts[:2] if p.main]
    assert found["knowledge"].value == pytest.approx(sum(values) / 2)
    assert parts[3].main is None
