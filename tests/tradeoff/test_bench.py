"""What is measured in memory: losses, and how long guards stay there."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, ClassVar

import pytest

from mergealign.evaluate.plan import PlannedJudge
from mergealign.judges import Behavior, Exchange, Safety, Verdict
from mergealign.recipe.suite import SuiteJudge
from mergealign.record.study import Trial
from mergealign.tradeoff.bench import Bench
from mergealign.tradeoff.live import load_live
from mergealign.tradeoff.losses import measure_loss
from mergealign.tradeoff.pairs import read_answers
from mergealign.tradeoff.prepare import Prepared, prepare

from .conftest import Family
from .test_prepare import wish


class Guard:
    """A judge that counts how often it is loaded."""

    version: ClassVar[int] = 1
    labels: ClassVar[tuple[str, ...]] = ("behavior", "safety")

    def __init__(self) -> None:
        self.loaded, self.n_loads = False, 0

    def judge(self, exchanges: Sequence[Exchange], *, progress: Any = None) -> list[Verdict]:  # noqa: ARG002
        self.n_loads += not self.loaded
        self.loaded = True
        return [Verdict(Behavior.REFUSED, Safety.SAFE) for _ in exchanges]

    def identity(self) -> Mapping[str, str]:
        return {"backend": "fake"}

    def close(self) -> None:
        self.loaded = False


@pytest.fixture(scope="module")
def prepared(tiny: Family) -> Prepared:
    answers = read_answers(tiny.safety_answers, tiny.expert_answers, 0.5)
    return prepare(wish(tiny, objective="loss", answers=answers, limit=2))


@pytest.fixture(scope="module")
def bench(prepared: Prepared) -> Bench:
    live = load_live(prepared.first, chat_template=prepared.suite.chat_template, batch_size=4, device="cpu")
    return Bench(live, prepared.development, 0, 1, None, None, prepared.answers)


def begun(number: int) -> Trial:
    return Trial(number=number, point={}, origin="fake", state="failed")


def with_guards(bench: Bench, *guards: Guard) -> Bench:
    judges = tuple(PlannedJudge(SuiteJudge(f"guard {n}", "fake", {}), guard) for n, guard in enumerate(guards))
    return replace(bench, todo=replace(bench.todo, judges=judges))


def test_the_loss_of_a_trial_is_that_of_the_merged_model(bench: Bench, prepared: Prepared) -> None:
    point = {"domain_weight": 0.7, "alignment_weight": 0.4}
    found = bench.loss_trial(prepared.plan, point, begun(3))
    assert (found.number, found.state, found.measures) == (3, "complete", None)
    assert prepared.answers is not None
    assert found.loss == measure_loss(bench.live.lm, prepared.answers)
    assert found.loss == bench.loss(prepared.plan(point))
    assert found.loss != bench.loss(prepared.plan({"domain_weight": 1.0, "alignment_weight": 0.0}))
    assert found.weights_digest == bench.trial(prepared.plan, point, begun(3)).weights_digest


def test_one_guard_is_loaded_once_for_all_trials(bench: Bench, prepared: Prepared) -> None:
    guard = Guard()
    judged = with_guards(bench, guard)
    for number, weight in enumerate((0.2, 0.4, 0.6)):
        point = {"domain_weight": weight, "alignment_weight": weight}
        assert judged.trial(prepared.plan, point, begun(number)).measures is not None
    assert (guard.loaded, guard.n_loads) == (True, 1)
    judged.close()
    assert not guard.loaded


def test_several_guards_take_turns(bench: Bench, prepared: Prepared) -> None:
    guards = Guard(), Guard()
    judged = with_guards(bench, *guards)
    for number in range(2):
        judged.trial(prepared.plan, {"domain_weight": 0.5, "alignment_weight": 0.5}, begun(number))
    assert [(g.loaded, g.n_loads) for g in guards] == [(False, 2), (False, 2)]
