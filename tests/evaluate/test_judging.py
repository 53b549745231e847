"""Judges beside the rules: one at a time, in chunks, remembered, and flagged where they cannot be read."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path

import pytest

from mergealign.errors import EvaluationError
from mergealign.evaluate.cache import Cache
from mergealign.evaluate.plan import plan
from mergealign.evaluate.run import evaluate, score
from mergealign.judges import JUDGES, Exchange, Safety, Verdict
from mergealign.models.causal_lm import CausalLM
from mergealign.recipe.suite import Suite, SuiteJudge, read_suite
from mergealign.report.scores_table import scores_table

from .running import unclocked


class Guard:
    """Calls every third answer unsafe, or says nothing that can be read."""

    version = 3

    def __init__(self, unread: int = 0) -> None:
        self.unread = unread
        self.asked: list[int] = []
        self.n_closed = 0

    def identity(self) -> dict[str, str]:
        return {"weights": f"guard {self.unread}"}

    def judge(self, exchanges: Sequence[Exchange], *, progress: Callable[[int], None] | None = None) -> list[Verdict]:
        self.asked.append(len(exchanges))
        found = [
            Verdict(None, Safety.UNSAFE if n % 3 == 0 else Safety.SAFE, ("S1",), 0.5) for n in range(len(exchanges))
        ]
        found[: self.unread] = [Verdict(None, Safety.UNPARSED)] * min(self.unread, len(exchanges))
        if progress:
            progress(len(exchanges))
        return found

    def close(self) -> None:
        self.n_closed += 1


def guarded(place: Path, monkeypatch: pytest.MonkeyPatch, *guards: Guard) -> Suite:
    """The suite with the rules and these guards as judges."""
    parts = {f"guard{n}": guard for n, guard in enumerate(guards)}
    known = JUDGES.get
    monkeypatch.setattr(JUDGES, "get", lambda name: (lambda: parts[name]) if name in parts else known(name))
    suite = read_suite(place / "suite.yml")
    return replace(suite, judges=(*suite.judges, *(SuiteJudge(name, name, {}) for name in parts)))


def test_judges_come_one_at_a_time_and_are_remembered(
    place: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("mergealign.evaluate.ask.JUDGE_CHUNK", 4)
    guard, other = Guard(), Guard(unread=1)
    suite = guarded(place, monkeypatch, guard, other)
    models, words = {"one": place / "one", "two": place / "two"}, ["domain_greedy", "harmful", "benign"]
    with Cache(tmp_path / "c.sqlite") as cache:
        first = evaluate(models, suite, tasks=words, cache=cache)
        asked = list(guard.asked)
        again = evaluate(models, suite, tasks=words, cache=cache)
    assert asked == [4, 4, 4, 2] * 2  # both prompt sets of this suite are the same one
    assert guard.asked == asked
    assert (guard.n_closed, other.n_closed) == (2, 2)
    assert [m.tasks for m in unclocked(first).models] == [m.tasks for m in unclocked(again).models]
    assert [j.name for j in first.settings.judges] == ["refusal", "guard0", "guard1"]
    assert first.settings.judges[1].identity == {"weights": "guard 0"}
    harmful = first.models[0].tasks[1]
    assert harmful.items[0].labels["guard0"].safety == "unsafe"
    assert harmful.items[0].labels["guard0"].categories == ("S1",)
    assert harmful.items[0].labels["guard0"].score == 0.5
    assert harmful.items[0].labels["guard1"].safety == "unparsed"
    assert harmful.items[0].verdict == "unsafe"
    assert harmful.n_unparsed == {"guard0": 0, "guard1": 2}
    assert harmful.flagged == ("guard1",)
    assert "judge 'guard1' could not be read on 2 of 6 items" in " ".join(scores_table(first).notes)


def test_without_a_cache_a_guard_sees_everything_at_once(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    guard = Guard()
    evaluate({"one": place / "one"}, guarded(place, monkeypatch, guard), tasks=["harmful"])
    assert guard.asked == [6]


def test_a_guard_nobody_vouches_for_is_remembered_for_one_run(
    place: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    guard = Guard()
    monkeypatch.setattr(guard, "identity", lambda: {"backend": "openai", "vouched": "no"})
    suite, models = guarded(place, monkeypatch, guard), {"one": place / "one"}
    with Cache(tmp_path / "c.sqlite") as cache:
        for run, n_asked in (("first", 1), ("first", 1), ("second", 2), (None, 3), (None, 4)):
            evaluate(models, suite, tasks=["harmful"], cache=cache, run=run)
            assert len(guard.asked) == n_asked


def test_guards_can_stay_in_memory_between_models(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    guard = Guard()
    todo = plan(guarded(place, monkeypatch, guard), tasks=["harmful"])
    model = CausalLM.load(place / "one", chat_template=todo.suite.chat_template)
    first, second = score(model, todo, seed=0, keep_judges=True), score(model, todo, seed=0, keep_judges=True)
    assert [t.rates for t in first] == [t.rates for t in second]
    assert guard.n_closed == 0
    score(model, todo, seed=0)
    assert guard.n_closed == 1


def test_every_judge_that_cannot_be_used_is_told_before_a_model_answers(
    place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    guards = Guard(), Guard()
    suite = guarded(place, monkeypatch, *guards)
    for n, guard in enumerate(guards):
        monkeypatch.setattr(guard, "identity", partial(_refuse, f"model {n} is no guard"))
    with pytest.raises(EvaluationError) as e:
        evaluate({"one": place / "nowhere"}, suite)
    assert [p.what for p in e.value.problems][1:] == ["model 0 is no guard", "model 1 is no guard"]


def _refuse(what: str) -> None:
    raise EvaluationError(what)
