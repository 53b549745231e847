"""The sums that tell two tensors apart, against exact arithmetic on the same values."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mergealign.kernels.differences import PIECE_ELEMENTS, differences

from .test_codecs import value_of

FORMS = ("bf16", "f16", "f32", "f64")


def stored(form: str, values: np.ndarray) -> np.ndarray:
    if form == "bf16":
        return (values.astype(np.float32).view(np.uint32) >> 16).astype(np.uint16)
    return {"f16": lambda v: v.astype(np.float16).view(np.int16), "f32": np.float32, "f64": np.float64}[form](values)


def values_of(form: str, numbers: np.ndarray) -> np.ndarray:
    return value_of(form, numbers) if form in ("bf16", "f16") else numbers.astype(np.float64)


def sums_of(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    sums = np.full((-(-a.size // PIECE_ELEMENTS), 8), 7.0)  # what was there before must not matter
    differences(a, b, sums)
    return sums


@pytest.mark.parametrize("b_form", FORMS)
@pytest.mark.parametrize("a_form", FORMS)
def test_sums_of_all_mixtures_of_dtypes(a_form: str, b_form: str) -> None:
    rng = np.random.default_rng(0)
    wide = rng.standard_normal(1000)
    a, b = stored(a_form, wide), stored(b_form, wide * np.where(rng.random(1000) < 0.3, 1.1, 1.0))
    x, y = values_of(a_form, a), values_of(b_form, b)
    (sums,) = sums_of(a, b)
    exact = [math.fsum(v) for v in (x * x, y * y, x * y, (y - x) ** 2)]
    np.testing.assert_allclose(sums[:4], exact, rtol=1e-14)
    assert sums[4] == abs(y - x).max()
    assert sums[5] == np.count_nonzero(x != y)
    assert not sums[6:].any()


@pytest.mark.parametrize("n", [1, 63, 64, 65, PIECE_ELEMENTS - 1, PIECE_ELEMENTS, 2 * PIECE_ELEMENTS + 100])
def test_every_element_counts_once_in_its_piece(n: int) -> None:
    sums = sums_of(np.ones(n, np.float32), np.full(n, 3.0, np.float32))
    sizes = [min(PIECE_ELEMENTS, n - start) for start in range(0, n, PIECE_ELEMENTS)]
    assert sums.tolist() == [[k, 9.0 * k, 3.0 * k, 4.0 * k, 2.0, k, 0.0, 0.0] for k in sizes]


def test_a_piece_does_not_know_where_it_stands() -> None:
    a, b = np.random.default_rng(0).standard_normal((2, 3 * PIECE_ELEMENTS - 17)).astype(np.float32)
    together = sums_of(a, b)
    for piece in range(3):
        part = slice(piece * PIECE_ELEMENTS, (piece + 1) * PIECE_ELEMENTS)
        np.testing.assert_array_equal(sums_of(a[part], b[part])[0], together[piece])


def test_what_counts_as_changed() -> None:
    nan, inf = math.nan, math.inf
    a = np.array([0.0, 1.5, nan, nan, inf, inf, 1.0], np.float32)
    b = np.array([-0.0, 1.5, nan, 1.0, inf, -inf, nan])
    (sums,) = sums_of(a, b)
    assert sums[5:].tolist() == [3, 4, 4]  # NaN → 1, ∞ → −∞, 1 → NaN
    (same,) = sums_of(stored("bf16", np.array([1.5, -3.0])), np.array([1.5, -3.0], np.float32))
    assert same[5] == 0


def test_a_square_that_overflows_is_no_infinite_number() -> None:
    (sums,) = sums_of(np.array([1e200, 1.0]), np.array([1e200, 2.0]))
    assert sums[0] == math.inf
    assert sums[5:].tolist() == [1, 0, 0]


@given(st.lists(st.tuples(st.integers(0, 65535), st.integers(0, 65535)), min_size=1, max_size=80))
def test_compiled_equals_plain_python(pairs: list[tuple[int, int]]) -> None:
    a, b = (m.copy() for m in np.array(pairs, np.uint16).T)
    plain = np.empty((1, 8))
    with np.errstate(all="ignore"):
        differences.py_func(a, b, plain)
    compiled = sums_of(a, b)
    if np.isfinite(plain[0, :4]).all():
        np.testing.assert_array_equal(compiled, plain)
    np.testing.assert_array_equal(compiled[0, 5:], plain[0, 5:])
