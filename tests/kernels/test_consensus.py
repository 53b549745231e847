"""Sums of deltas, by hand and against numpy; variances."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from mergealign.kernels.consensus import add_agreeing
from mergealign.kernels.variance import clear_where_zero, variance

F = np.float32


@pytest.fixture(params=[1, 2, 5])
def deltas(request: pytest.FixtureRequest) -> Any:
    drawn = np.random.default_rng(request.param).standard_normal((request.param, 2500)).astype(F)
    drawn[:, ::7] = 0
    drawn[0, ::5] = 0
    return drawn


@pytest.mark.parametrize("floor", [-np.inf, 0.9])
def test_add_agreeing(deltas: Any, floor: float) -> None:
    n = len(deltas)
    base, out = np.ones(2500, F), np.empty(2500, F)
    votes, factors, weights = (np.linspace(a, b, n).astype(F) for a, b in ((1, -1), (1, 2), (0.5, 1)))
    add_agreeing(base, deltas, votes, factors, weights, F(floor), F(3), out)
    majority = np.where((votes[:, None] * deltas).sum(axis=0) >= 0, 1, -1)
    agree = np.sign(votes[:, None] * deltas) == majority
    divisor = (weights[:, None] * agree).sum(axis=0)
    divisor = np.where(divisor == 0, 1, np.maximum(divisor, floor))
    expected = 1 + 3 * (factors[:, None] * deltas * agree).sum(axis=0) / divisor
    assert_allclose(out, expected, rtol=1e-5, atol=1e-6)
    plain = np.empty(2500, F)
    add_agreeing.py_func(base, deltas, votes, factors, weights, F(floor), F(3), plain)
    assert_array_equal(out, plain)


def test_variance(deltas: Any) -> None:
    out = np.empty(2500, F)
    variance(deltas, out)
    assert_allclose(out, deltas.astype(float).var(axis=0), rtol=1e-5, atol=1e-12)
    same = np.repeat(deltas[-1:], 3, axis=0)
    variance(same, out)
    assert not out.any()


def test_clear(deltas: Any) -> None:
    where = np.arange(2500, dtype=F) % 2
    expected = deltas * where
    clear_where_zero(where, deltas)
    assert_array_equal(deltas, expected)
