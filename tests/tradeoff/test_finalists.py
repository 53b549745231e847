"""Which trials of a search by loss are asked, and what becomes of them."""

from __future__ import annotations

from mergealign.record.study import Loss, Trial
from mergealign.tradeoff.choice import Policy, choose
from mergealign.tradeoff.finalists import measure_finalists, pick_finalists
from mergealign.tradeoff.search import Found

from .fakes import measures


def scored(number: int, safety: float, expert: float, digest: str = "") -> Trial:
    loss = Loss(safety=safety, expert=expert, total=safety + expert)
    return Trial(
        number=number, point={}, origin="fake", state="complete", weights_digest=digest or f"w{number}", loss=loss
    )


TRIALS = [
    scored(0, 2.0, 0.0),  # the expert
    scored(1, 0.5, 0.5),
    scored(2, 0.5, 0.4),  # the least loss
    scored(3, 1.2, 0.1),  # where the expert's answers weigh more
    scored(4, 0.1, 1.2),  # where they weigh less
    scored(5, 0.5, 0.45),
]


def numbers(trials: list[Trial]) -> list[int]:
    return [t.number for t in trials]


def test_the_least_loss_comes_first_then_other_balances_then_neighbors() -> None:
    assert numbers(pick_finalists(TRIALS, 1.0, 1)) == [2]
    assert numbers(pick_finalists(TRIALS, 1.0, 9, {"w0"})) == [2, 3, 4, 5, 1]


def test_the_same_weights_are_not_asked_twice() -> None:
    again = [*TRIALS, scored(6, 0.5, 0.4, "w2")]
    assert numbers(pick_finalists(again, 1.0, 9)).count(2) == 1
    assert 6 not in numbers(pick_finalists(again, 1.0, 9))


def test_models_that_are_known_take_part_where_there_is_nothing_else() -> None:
    assert numbers(pick_finalists(TRIALS[:1], 1.0, 4, {"w0"})) == [0]
    assert pick_finalists([Trial(number=0, point={}, origin="fake", state="failed", error="NaN")], 1.0, 4) == []


def test_the_policy_chooses_among_finalists_alone() -> None:
    said = {2: measures(0.94, 0.9), 3: measures(0.95, 0.2), 4: measures(0.3, 0.99)}
    finalists = pick_finalists(TRIALS, 1.0, 3, {"w0"})
    told: list[int] = []
    finals = measure_finalists(
        Found(tuple(TRIALS), "done"),
        finalists,
        lambda t: t.model_copy(update={"measures": said[t.number], "evaluate_s": 9.0}),
        lambda t, _: told.append(t.number),
    )
    assert finals.numbers == tuple(told) == (2, 3, 4)
    assert numbers(list(finals.found.trials)) == [0, 1, 2, 3, 4, 5]
    assert [t.measures for t in finals.found.trials] == [None, None, said[2], said[3], said[4], None]
    assert finals.found.trials[2].evaluate_s == 0.0
    bounds = Policy().bounds(measures(0.95, 0.05), measures(0.25, 0.99))
    assert choose(finals.found.trials, bounds).winner == 2


def test_ties_go_to_the_least_loss() -> None:
    same = [t.model_copy(update={"measures": measures(0.95, 0.9)}) for t in TRIALS]
    assert choose(same, ()).winner == 2
