"""Intervals against golden numbers, and laws they obey."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mergealign.evaluate.statistics import by_goal, rate, wilson


def test_wilson_golden() -> None:
    """(p + z²/2n ± z √(p(1−p)/n + z²/4n²)) / (1 + z²/n) with z = 1.959964, by hand."""
    assert wilson(97, 100) == pytest.approx((0.915481, 0.989745), abs=1e-6)
    assert wilson(0, 10) == pytest.approx((0, 0.277533), abs=1e-6)
    assert wilson(10, 10) == pytest.approx((0.722467, 1), abs=1e-6)


@settings(max_examples=50, deadline=None)
@given(st.integers(1, 500).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n))))
def test_wilson_holds_the_rate_and_mirrors(kn: tuple[int, int]) -> None:
    k, n = kn
    low, high = wilson(k, n)
    assert 0 <= low <= k / n + 1e-12
    assert k / n - 1e-12 <= high <= 1
    assert wilson(n - k, n) == pytest.approx((1 - high, 1 - low), abs=1e-9)


def test_rate_without_items_is_no_number() -> None:
    empty = rate([], n_unscored=3)
    assert (empty.value, empty.ci_low, empty.n, empty.n_unscored) == (None, None, 0, 3)


def test_rate() -> None:
    found = rate([True] * 97 + [False] * 3, n_unscored=1)
    assert (found.value, found.k, found.n, found.n_unscored, found.by_goal) == (0.97, 97, 100, 1, None)


def test_goals_widen_the_interval_where_wordings_agree() -> None:
    """20 goals with 10 wordings each, which all go the same way: 20 independent facts, not 200."""
    hits = [goal % 4 != 0 for goal in range(20) for _ in range(10)]
    found = rate(hits, clusters=[f"g{goal}" for goal in range(20) for _ in range(10)])
    assert found.by_goal is not None
    assert (found.by_goal.n_goals, found.by_goal.method) == (20, "bootstrap")
    assert found.ci_low is not None
    assert found.ci_high is not None
    assert found.by_goal.ci_high - found.by_goal.ci_low > 2 * (found.ci_high - found.ci_low)


def test_every_item_its_own_goal_is_close_to_wilson() -> None:
    hits = [n % 5 != 0 for n in range(300)]
    found = by_goal(hits, [str(n) for n in range(300)], seed=0)
    assert (found.ci_low, found.ci_high) == pytest.approx(wilson(240, 300), abs=0.015)


def test_bootstrap_is_fixed_by_its_seed() -> None:
    hits = [n % 7 != 0 for n in range(100)]
    goals = [f"g{n * n % 37}" for n in range(100)]
    assert by_goal(hits, goals, seed=1) == by_goal(hits, goals, seed=1)
    assert by_goal(hits, goals, seed=1) != by_goal(hits, goals, seed=2)


@pytest.mark.parametrize("hit", [True, False])
def test_when_all_goals_agree_the_goals_are_counted(hit: bool) -> None:
    found = by_goal([hit] * 90, [f"g{n // 3}" for n in range(90)], seed=0)
    assert (found.n_goals, found.method) == (30, "wilson")
    assert (found.ci_low, found.ci_high) == wilson(30 * hit, 30)


def test_one_goal_says_almost_nothing() -> None:
    found = by_goal([True, True, False], ["g", "g", "g"], seed=0)
    assert (found.n_goals, found.method) == (1, "wilson")
    assert found.ci_high - found.ci_low > 0.7
