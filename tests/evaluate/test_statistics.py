"""Intervals against golden numbers, and laws they obey."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from mergealign.evaluate.statistics import by_group, holm, mcnemar, rate, wilson


def test_wilson_golden() -> None:
    """(p + z²/2n ± z √(p(1−p)/n + z²/4n²)) / (1 + z²/n) with z = 1.959964, by hand."""
    assert wilson(0.97, 100) == pytest.approx((0.915481, 0.989745), abs=1e-6)
    assert wilson(0, 10) == pytest.approx((0, 0.277533), abs=1e-6)
    assert wilson(1, 10) == pytest.approx((0.722467, 1), abs=1e-6)


@settings(max_examples=50, deadline=None)
@given(st.integers(1, 500).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n))))
def test_wilson_holds_the_rate_and_mirrors(kn: tuple[int, int]) -> None:
    k, n = kn
    low, high = wilson(k / n, n)
    assert 0 <= low <= k / n + 1e-12
    assert k / n - 1e-12 <= high <= 1
    assert wilson((n - k) / n, n) == pytest.approx((1 - high, 1 - low), abs=1e-9)


def test_rate_without_items_is_no_number() -> None:
    empty = rate([], [], n_unscored=3)
    assert (empty.value, empty.ci_low, empty.n, empty.n_unscored) == (None, None, 0, 3)


def test_rate() -> None:
    found = rate([True] * 97 + [False] * 3, [str(n) for n in range(100)], n_unscored=1)
    assert (found.value, found.k, found.n, found.n_unscored, found.by_group) == (0.97, 97, 100, 1, None)


def test_groups_widen_the_interval_where_wordings_agree() -> None:
    """20 goals with 10 wordings each, which all go the same way: 20 independent facts, not 200."""
    hits = [goal % 4 != 0 for goal in range(20) for _ in range(10)]
    found = rate(hits, [f"g{goal}" for goal in range(20) for _ in range(10)])
    assert found.by_group is not None
    assert (found.by_group.n_groups, found.by_group.method) == (20, "wilson and bootstrap")
    assert found.by_group.n_eff == pytest.approx(20)
    assert found.ci_low is not None
    assert found.ci_high is not None
    assert found.by_group.ci_high - found.by_group.ci_low > 2 * (found.ci_high - found.ci_low)


def test_every_item_its_own_group_is_close_to_wilson() -> None:
    hits = [n % 5 != 0 for n in range(300)]
    found = by_group(hits, [str(n) for n in range(300)], seed=0)
    assert (found.ci_low, found.ci_high) == pytest.approx(wilson(0.8, 300), abs=0.005)
    assert found.n_eff == pytest.approx(300)


def test_bootstrap_is_fixed_by_its_seed() -> None:
    hits = [n * n % 37 % 2 == 0 for n in range(100)]
    groups = [f"g{n * n % 37}" for n in range(100)]
    assert by_group(hits, groups, seed=1) == by_group(hits, groups, seed=1)
    assert by_group(hits, groups, seed=1) != by_group(hits, groups, seed=2)


@pytest.mark.parametrize("hit", [True, False])
def test_when_all_groups_agree_the_groups_are_counted(hit: bool) -> None:
    found = by_group([hit] * 90, [f"g{n // 3}" for n in range(90)], seed=0)
    assert (found.n_groups, found.n_eff, found.method) == (30, pytest.approx(30), "wilson")
    assert (found.ci_low, found.ci_high) == pytest.approx(wilson(hit, 30))


def test_one_group_says_almost_nothing() -> None:
    found = by_group([True, True, False], ["g", "g", "g"], seed=0)
    assert (found.n_groups, found.method) == (1, "wilson")
    assert found.ci_high - found.ci_low > 0.7


N_GOALS, N_WORDINGS = 80, 6
GOALS = [f"g{goal}" for goal in range(N_GOALS) for _ in range(N_WORDINGS)]
FAILURES = {
    "one wording of every goal, then the next": [g * N_WORDINGS + w for w in range(N_WORDINGS) for g in range(N_GOALS)],
    "goal by goal": list(range(N_GOALS * N_WORDINGS)),
    "at random": [int(n) for n in np.random.default_rng(0).permutation(N_GOALS * N_WORDINGS)],
}


@pytest.mark.parametrize("order", FAILURES)
def test_every_further_failure_lowers_the_interval(order: str) -> None:
    hits = [True] * len(GOALS)
    before = by_group(hits, GOALS, seed=0)
    for n, failure in enumerate(FAILURES[order], start=1):
        hits[failure] = False
        if n > 30 and n % 30:  # all steps where failures are few, then every thirtieth
            continue
        found = by_group(hits, GOALS, seed=0)
        assert found.ci_low <= before.ci_low + 1e-9, n
        assert found.ci_high <= before.ci_high + 1e-9, n
        assert N_GOALS - 1e-9 <= found.n_eff <= len(GOALS), n
        before = found


@pytest.mark.parametrize("wordings_agree", [0.0, 0.5, 1.0])
def test_coverage_near_one(wordings_agree: float) -> None:
    """Rate .96; each goal is, with this probability, one whose wordings all go the same way."""
    draw = np.random.default_rng(7)
    n_covered, n_runs = 0, 150
    for _ in range(n_runs):
        items = draw.random((N_GOALS, N_WORDINGS)) < 0.96
        agree = draw.random(N_GOALS) < wordings_agree
        items[agree] = items[agree, :1]
        found = by_group(items.ravel().tolist(), GOALS, seed=0)
        n_covered += found.ci_low <= 0.96 <= found.ci_high
    assert n_covered / n_runs >= 0.93


@settings(max_examples=50, deadline=None)
@given(st.integers(0, 400), st.integers(0, 400))
def test_mcnemar_is_the_exact_sign_test(a: int, b: int) -> None:
    expected = stats.binomtest(min(a, b), a + b, 0.5).pvalue if a + b else 1.0
    assert mcnemar(a, b) == pytest.approx(expected, rel=1e-9)
    assert mcnemar(a, b) == mcnemar(b, a)


def test_mcnemar_of_many_pairs() -> None:
    assert mcnemar(0, 2000) == pytest.approx(2.0**-1999)
    assert mcnemar(10_000, 10_000) == 1


def test_holm_by_hand() -> None:
    assert holm([0.01, 0.04, 0.03, 0.005]) == pytest.approx([0.03, 0.06, 0.06, 0.02])
    assert holm([0.6, 0.7]) == [1.0, 1.0]
    assert holm([]) == []
