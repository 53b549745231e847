"""Float32 where it is exact: the same bits as float64, whatever the numbers."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mergealign.kernels.linear import combine
from mergealign.kernels.narrow import combine_narrow, narrow_ratio

WEIGHTS = [(1.0, 1.0), (0.5, 0.5), (1.0,), (1.0, 0.5, 2.0), (0.25, 1.0)]


def both(models: list[Any], weights: tuple[float, ...], kernel: Any = combine_narrow) -> tuple[Any, bool, Any, bool]:
    ratio = narrow_ratio(weights)
    assert ratio is not None
    wide, narrow = (np.zeros(models[0].size, np.uint16) for _ in range(2))
    finite = combine(models[0], tuple(models[1:]), weights, wide)
    narrow32 = tuple(map(np.float32, weights))
    also = kernel(models[0], tuple(models[1:]), weights, narrow32, np.float32(ratio), narrow)
    return wide, bool(finite), narrow, bool(also)


def bf16(values: Any) -> Any:
    return (np.asarray(values, np.float32).view(np.uint32) >> 16).astype(np.uint16)


@pytest.mark.parametrize("weights", WEIGHTS)
@settings(max_examples=300, deadline=None)
@given(data=st.data())
def test_any_bits_give_what_float64_gives(weights: tuple[float, ...], data: st.DataObject) -> None:
    """Exponents are drawn near each other, so that both the exact and the doubtful side of the test are met."""
    n = 40
    exponent = data.draw(st.integers(0, 255))
    spread = data.draw(st.integers(0, 24))
    rng = np.random.default_rng(data.draw(st.integers(0, 2**32)))
    exponents = np.clip(rng.integers(exponent - spread, exponent + 1, (len(weights) + 1, n)), 0, 255)
    mantissas = rng.integers(0, 128, exponents.shape)
    signs = rng.integers(0, 2, exponents.shape)
    models = list((signs << 15 | exponents << 7 | mantissas).astype(np.uint16))
    wide, finite, narrow, also = both(models, weights)
    assert finite == also
    if finite:
        np.testing.assert_array_equal(narrow, wide)


@pytest.mark.parametrize("weights", WEIGHTS)
def test_models_near_each_other(weights: tuple[float, ...]) -> None:
    rng = np.random.default_rng(3)
    base = rng.standard_normal(100_003) * 0.02
    models = [bf16(base), *(bf16(base + 0.002 * rng.standard_normal(base.size)) for _ in weights)]
    wide, _, narrow, _ = both(models, weights)
    np.testing.assert_array_equal(narrow, wide)


def test_compiled_equals_plain_python() -> None:
    rng = np.random.default_rng(4)
    models = [bf16(rng.standard_normal(700) * 0.02) for _ in range(3)]
    with np.errstate(all="ignore"):
        _, _, narrow, _ = both(models, (1.0, 1.0))
        _, _, plain, _ = both(models, (1.0, 1.0), combine_narrow.py_func)
    np.testing.assert_array_equal(narrow, plain)


def test_a_wide_spread_is_done_again() -> None:
    """1 + (2^-20 − 1) + (1 − 1): in float32 the middle is exact here, in bfloat16 neighbors it is not."""
    models = [bf16([1.0]), bf16([2.0**-20]), bf16([2.0**-30])]
    wide, _, narrow, _ = both(models, (1.0, 1.0))
    np.testing.assert_array_equal(narrow, wide)


@pytest.mark.parametrize("weights", [(0.7, 1.0), (1.0, -1.0), (0.0, 1.0), (8.0,), (2.0**-12,), (1.0, 2.0**-9)])
def test_weights_that_do_not_fit(weights: tuple[float, ...]) -> None:
    assert narrow_ratio(weights) is None


def test_ratio_by_hand() -> None:
    """(1, 1): sums up to 5 times the largest take 3 bits of 16; (0.5, 0.5): up to 3 times take 2, halves one more."""
    assert narrow_ratio((1.0, 1.0)) == 2.0**13
    assert narrow_ratio((0.5, 0.5)) == 2.0**13
