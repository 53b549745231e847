"""Intervals of means, of F1 and of the mean over tasks."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest
from scipy import stats

from mergealign.evaluate.bootstrap import composite, mean_of, of_aggregate, of_mean
from mergealign.evaluate.statistics import wilson


def values(n: int, seed: int = 0) -> list[float]:
    return np.random.default_rng(seed).beta(2, 1, size=n).tolist()


def names(n: int, size: int = 1) -> list[str]:
    return [f"g{k // size}" for k in range(n)]


def test_the_interval_of_a_mean_is_scipys() -> None:
    data = values(200)
    low, high, method = of_mean(data, names(200), seed=0).interval()
    expected = stats.bootstrap((data,), np.mean, method="percentile", n_resamples=5000, rng=1).confidence_interval
    assert method == "bootstrap"
    assert (low, high) == pytest.approx((expected.low, expected.high), abs=0.005)


def test_groups_stay_together() -> None:
    data = [v for v in values(40) for _ in range(5)]
    alone, grouped = of_mean(data, names(200), seed=0).interval(), of_mean(data, names(200, 5), seed=0).interval()
    assert grouped[1] - grouped[0] > 1.8 * (alone[1] - alone[0])
    assert of_mean(data, names(200, 5), seed=0).n_groups == 40


def test_a_mean_in_the_record() -> None:
    found = mean_of(of_mean([0.5, 1.0, 0.75], names(3), seed=0), n_unscored=2)
    assert (found.value, found.n, found.n_groups, found.n_unscored) == (0.75, 3, 3, 2)
    assert mean_of(None, n_unscored=5).model_dump() == {
        "value": None,
        "n": 0,
        "ci_low": None,
        "ci_high": None,
        "n_unscored": 5,
        "n_groups": 0,
        "method": "bootstrap",
    }


@pytest.mark.parametrize("value", [0.0, 1.0, 0.4])
def test_agreement_of_all_is_no_certainty(value: float) -> None:
    low, high, method = of_mean([value] * 30, names(30), seed=0).interval()
    assert (low, high) == pytest.approx(wilson(value, 30))
    assert method == "wilson"
    alike = {"a": of_mean([value] * 30, names(30), seed=0), "b": of_mean([value] * 60, names(60), seed=0)}
    made = composite(alike, {}, seed=0)
    assert made is not None
    assert made.ci_low <= made.value <= made.ci_high
    assert 0.03 < made.ci_high - made.ci_low < high - low


def test_one_task_without_failures_does_not_make_the_mean_more_certain() -> None:
    """Eight right of eight say less than 799 right of 800."""
    mixed = of_mean([1.0] * 60 + [0.0] * 40, names(100), seed=0)
    few, many = ({"a": mixed, "b": of_mean([1.0] * n, names(n), seed=0)} for n in (8, 800))
    ends = [composite(tasks, {}, seed=0) for tasks in (few, many)]
    assert ends[0] is not None
    assert ends[1] is not None
    assert ends[0].ci_low < ends[1].ci_low - 0.02


def f1(pairs: Sequence[tuple[bool, bool]]) -> float | None:
    """F1 of (predicted, true): no mean over items."""
    hit = sum(p and t for p, t in pairs)
    total = sum(p + t for p, t in pairs)
    return 2 * hit / total if total else None


def test_a_score_that_is_no_mean_is_computed_anew_for_every_draw() -> None:
    rng = np.random.default_rng(3)
    true = rng.random(150) < 0.4
    predicted = np.where(rng.random(150) < 0.8, true, ~true)
    pairs = list(zip(predicted.tolist(), true.tolist(), strict=True))
    found = of_aggregate(pairs, names(150), f1, seed=0)
    assert found is not None
    assert found.value == f1(pairs)
    low, high, _ = found.interval()
    expected = stats.bootstrap(
        (predicted, true),
        lambda p, t: f1(list(zip(p.tolist(), t.tolist(), strict=True))),
        paired=True,
        vectorized=False,
        method="percentile",
        n_resamples=1000,
        rng=1,
    ).confidence_interval
    assert (low, high) == pytest.approx((expected.low, expected.high), abs=0.03)
    assert of_aggregate([], [], f1, seed=0) is None
    assert of_aggregate([(False, False)], ["a"], f1, seed=0) is None


def test_the_mean_over_tasks_weighs_tasks_alike_and_draws_within_them() -> None:
    small, large = [0.0, 1.0] * 20, [1.0] * 900 + [0.0] * 100
    tasks = {
        "small": of_mean(small, names(40), seed=0, stream="small"),
        "large": of_mean(large, names(1000), seed=0, stream="large"),
    }
    made = composite(tasks, {"small": "acc", "large": "f1"}, seed=0)
    assert made is not None
    assert made.value == pytest.approx((0.5 + 0.9) / 2)
    spread = np.sqrt(0.25 / 40 + 0.09 / 1000) / 2
    assert made.ci_high - made.ci_low == pytest.approx(2 * 1.96 * spread, rel=0.1)
    assert made.scores == {"small": "acc", "large": "f1"}
    assert composite({}, {}, seed=0) is None


def test_tasks_are_drawn_independently_and_reproducibly() -> None:
    data = values(100)
    first, again, other = (of_mean(data, names(100), seed=0, stream=s) for s in ("a", "a", "b"))
    assert (first.drawn == again.drawn).all()
    assert abs(np.corrcoef(first.drawn, other.drawn)[0, 1]) < 0.1


def test_large_tasks_take_little_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    data = values(500)
    whole = of_mean(data, names(500), seed=0)
    monkeypatch.setattr("mergealign.evaluate.bootstrap._ROWS", 7 * 500)
    assert (of_mean(data, names(500), seed=0).drawn == whole.drawn).all()
