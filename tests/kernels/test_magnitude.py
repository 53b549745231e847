"""Counting magnitudes: against numpy, and against the kernels uncompiled."""

from __future__ import annotations

from bisect import bisect_right
from typing import Any

import numpy as np
import pytest
from numpy.testing import assert_array_equal

from mergealign.kernels.magnitude import (
    BIN_SIZE,
    N_BINS,
    bin_magnitudes,
    count_bins,
    count_delta_bins,
    count_delta_equal,
    count_delta_within,
    count_within,
)
from mergealign.kernels.masked import VARIANCE

MAGNITUDE = 0x7FFF_FFFF
FIRST_OF_BIN = [bin_magnitudes(index)[0] for index in range(N_BINS)]


@pytest.fixture(params=["normal", "bfloat16", "edges"])
def bits(request: pytest.FixtureRequest) -> Any:
    """3,001 float32 numbers as int32 bits."""
    values = np.random.default_rng(0).standard_normal(3001).astype(np.float32)
    found = values.view(np.int32)
    if request.param == "bfloat16":
        found = found & np.int32(-0x10000)
    elif request.param == "edges":
        found[:6] = np.float32([0, -0.0, np.inf, -np.inf, np.finfo(np.float32).max, 2.0**-149]).view(np.int32)
        found[6:1000] = np.float32(1.5).view(np.int32) + np.arange(-1, 993) % 3 - 1
    return found


def test_bins_cover_all_magnitudes_in_order() -> None:
    last = -1
    for index in range(N_BINS):
        magnitudes = bin_magnitudes(index)
        assert magnitudes[0] == last + 1
        last = magnitudes[-1]
        assert len(magnitudes) == (BIN_SIZE if index % 2 else 1)
    assert last == MAGNITUDE


def test_count_bins(bits: Any) -> None:
    counts = np.zeros(N_BINS, np.int64)
    count_bins(bits, counts)
    count_bins(bits[:7], counts)
    assert counts.sum() == 3008
    expected = [bisect_right(FIRST_OF_BIN, b & MAGNITUDE) - 1 for b in [*bits.tolist(), *bits[:7].tolist()]]
    assert_array_equal(counts, np.bincount(expected, minlength=N_BINS))


def test_count_within(bits: Any) -> None:
    first = int(np.float32(1.5).view(np.int32)) - 1
    firsts = np.int32([first, first - BIN_SIZE])
    counts = np.zeros((2, BIN_SIZE), np.int64)
    count_within(bits, firsts, counts)
    magnitudes = bits & np.int32(MAGNITUDE)
    for start, found in zip(firsts, counts, strict=True):
        inside = magnitudes[(magnitudes >= start) & (magnitudes < start + BIN_SIZE)]
        assert_array_equal(found, np.bincount(inside - start, minlength=BIN_SIZE))


@pytest.fixture
def deltas() -> tuple[Any, tuple[Any, ...], Any]:
    """Base, three tuned models, and the int32 bits of their deltas and, last, of the variance of these."""
    base, *tuned = np.random.default_rng(1).standard_normal((4, 3001)).astype(np.float32)
    vectors = np.array([t - base for t in tuned])
    mean = vectors[0] + ((vectors[1] - vectors[0]) + (vectors[2] - vectors[0])) / np.float32(3)
    apart = (vectors - mean) ** 2
    variance = (apart[0] + apart[1] + apart[2]) / np.float32(3)
    np.testing.assert_allclose(variance, vectors.var(axis=0), rtol=1e-4, atol=1e-6)
    return base, tuple(tuned), np.concatenate([vectors, [variance]]).view(np.int32)


def test_counting_deltas(deltas: Any) -> None:
    """The same as counting what was decoded and subtracted before."""
    base, tuned, bits = deltas
    rows = np.array([0, 2, VARIANCE])
    expected, found, plain = np.zeros((3, 3, N_BINS), np.int64)
    for row, counts in zip(rows, expected, strict=True):
        count_bins(bits[row], counts)
    count_delta_bins(base, tuned, rows, found)
    count_delta_bins.py_func(base, tuned, rows, plain)
    assert_array_equal(found, expected)
    assert_array_equal(plain, expected)


def test_counting_deltas_within(deltas: Any) -> None:
    base, tuned, bits = deltas
    rows, firsts = np.array([0, 0, 2, VARIANCE]), np.int32([0x3F80_0001, 0x3F00_0001, 0x3F80_0001, 0x3F00_0001])
    expected, found, plain = np.zeros((3, 4, BIN_SIZE), np.int64)
    for m, row in enumerate(rows):
        count_within(bits[row], firsts[m : m + 1], expected[m : m + 1])
    count_delta_within(base, tuned, rows, firsts, found)
    count_delta_within.py_func(base, tuned, rows, firsts, plain)
    assert (expected.sum(axis=1) > 5).all()
    assert_array_equal(found, expected)
    assert_array_equal(plain, expected)


def test_counting_equal_deltas() -> None:
    base, *tuned = np.random.default_rng(1).integers(-4, 5, (3, 3001)).astype(np.float32)
    rows, magnitudes = np.array([0, 0, 1]), np.float32([1, 2, 3]).view(np.int32)
    found, plain = np.ones((2, 4, 3), np.int64)
    count_delta_equal(base, tuple(tuned), rows, magnitudes, 900, found)
    count_delta_equal.py_func(base, tuple(tuned), rows, magnitudes, 900, plain)
    for index, counts in enumerate(found):
        part = slice(900 * index, 900 * (index + 1))
        sizes = [abs(tuned[row] - base)[part] for row in rows]
        assert_array_equal(counts, [1 + np.count_nonzero(s == m) for s, m in zip(sizes, (1, 2, 3), strict=True)])
    assert_array_equal(plain, found)


def test_uncompiled_kernels_say_the_same(bits: Any) -> None:
    for kernel, rest in (
        (count_bins, lambda: (np.zeros(N_BINS, np.int64),)),
        (count_within, lambda: (np.int32([0x3FC0_0000 - 5]), np.zeros((1, BIN_SIZE), np.int64))),
    ):
        compiled, plain = (bits.copy(), *rest()), (bits.copy(), *rest())
        kernel(*compiled)
        kernel.py_func(*plain)
        assert_array_equal(compiled[0], plain[0])
        assert_array_equal(compiled[-1], plain[-1])
