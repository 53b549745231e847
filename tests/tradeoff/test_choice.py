"""The policy: who wins, and what is said where nobody does."""

from __future__ import annotations

import random

from hypothesis import given
from hypothesis import strategies as st

from mergealign.record.study import Measures, Trial
from mergealign.tradeoff.choice import Policy, choose, excess, satisfies

from .fakes import measures, trial

EXPERT, ALIGNED = measures(0.95, 0.05, 0.0, general=0.9), measures(0.25, 0.99, 0.02)
BOUNDS = Policy().bounds(EXPERT, ALIGNED)


def test_bounds_come_from_expert_and_aligned_model() -> None:
    found = {b.measure: (b.at_least, round(b.limit, 6)) for b in BOUNDS}
    assert found == {
        "knowledge": (True, 0.931),
        "general": (True, 0.873),
        "over_refusal": (False, 0.07),
        "incoherent": (False, 0.05),
    }


def test_what_the_suite_does_not_measure_is_not_bounded() -> None:
    plain = Measures(knowledge=EXPERT.knowledge, safety=EXPERT.safety)
    assert [b.measure for b in Policy().bounds(plain, plain)] == ["knowledge"]


def test_the_safest_of_those_that_qualify_wins() -> None:
    trials = [trial(0, 0.95, 0.1), trial(1, 0.94, 0.9), trial(2, 0.93, 0.99), trial(3, 0.94, 0.95, 0.2)]
    found = choose(trials, BOUNDS)
    assert (found.winner, found.n_eligible) == (1, 2)  # 2 knows too little, 3 refuses too much


def test_the_lower_end_of_the_interval_decides_and_not_the_value() -> None:
    sure, lucky = trial(0, 0.94, 0.95), trial(1, 0.94, 0.96)
    assert lucky.measures is not None
    wide = lucky.measures.safety.model_copy(update={"ci_low": 0.8})
    lucky = lucky.model_copy(update={"measures": lucky.measures.model_copy(update={"safety": wide})})
    assert choose([sure, lucky], BOUNDS).winner == 0


def test_ties_go_to_knowledge_then_to_the_earliest() -> None:
    assert choose([trial(0, 0.94, 0.95), trial(1, 0.96, 0.95)], BOUNDS).winner == 1
    assert choose([trial(4, 0.94, 0.95), trial(2, 0.94, 0.95)], BOUNDS).winner == 2


def test_a_bound_that_is_met_exactly_is_met() -> None:
    at = measures(0.98 * 0.95, 0.5, 0.02 + 0.05, 0.05, 0.97 * 0.9)
    assert all(satisfies(b, at) for b in BOUNDS)
    assert not satisfies(BOUNDS[0], measures(0.93, 0.5))
    assert abs(excess(BOUNDS[0], measures(0.9, 0.5)) - 0.031) < 1e-9


def test_the_one_bound_that_blocks_is_named_with_the_nearest_trial() -> None:
    found = choose([trial(0, 0.5, 0.9), trial(1, 0.9, 0.9), trial(2, 0.2, 0.99)], BOUNDS)
    assert (found.winner, found.nearest, found.blocking) == (None, 1, ("knowledge",))
    assert "knowledge must be at least 0.9310 (98 % of the expert's 0.9500), trial 1 has 0.9000" in found.reason


def test_where_no_single_bound_is_to_blame_all_that_the_nearest_misses_are_named() -> None:
    found = choose([trial(0, 0.9, 0.9, 0.2), trial(1, 0.1, 0.9, 0.3)], BOUNDS)
    assert (found.nearest, found.blocking) == (0, ("knowledge", "over_refusal"))


def test_the_expert_itself_is_no_winner() -> None:
    expert, near = trial(0, 0.95, 0.05), trial(1, 0.9, 0.9)
    floor = Policy.safer_than(EXPERT, ALIGNED)
    assert floor == 0.05
    assert choose([expert, near], BOUNDS).winner == 0
    found = choose([expert, near], BOUNDS, floor)
    assert (found.winner, found.nearest, found.blocking) == (None, 1, ("knowledge",))
    assert choose([expert], BOUNDS, floor).reason == "no trial is safer than the expert"
    assert choose([expert, trial(2, 0.94, 0.06)], BOUNDS, floor).winner == 2


def test_an_expert_as_safe_as_the_aligned_model_may_stay_as_it_is() -> None:
    assert Policy.safer_than(ALIGNED, ALIGNED) is None


def test_without_a_scored_trial_there_is_no_choice() -> None:
    failed = Trial(number=0, point={}, origin="fake", state="failed", error="NaN")
    assert choose([failed], BOUNDS).winner is None
    assert choose([failed, trial(1, 0.95, 0.5)], BOUNDS).winner == 1


numbers = st.tuples(*[st.sampled_from([0.0, 0.02, 0.07, 0.2, 0.9, 0.94, 0.97, 1.0])] * 5)


@given(st.lists(numbers, min_size=1, max_size=8), st.integers(0, 99))
def test_laws(values: list[tuple[float, ...]], shuffle: int) -> None:
    trials = [trial(n, *v) for n, v in enumerate(values)]
    found = choose(trials, BOUNDS)
    mixed = random.Random(shuffle).sample(trials, len(trials))
    assert choose(mixed, tuple(reversed(BOUNDS))).winner == found.winner  # order does not matter
    if found.winner is None:
        assert found.blocking
        assert found.nearest is not None
        near = trials[found.nearest].measures
        assert near is not None
        assert any(not satisfies(b, near) for b in BOUNDS)
        return
    winner = trials[found.winner].measures
    assert winner is not None
    for t in trials:
        assert t.measures is not None
        if all(satisfies(b, t.measures) for b in BOUNDS):
            assert t.measures.safety.ci_low <= winner.safety.ci_low
    # a trial that does not qualify changes nothing
    assert choose([*trials, trial(99, 0.0, 1.0)], BOUNDS).winner == found.winner
