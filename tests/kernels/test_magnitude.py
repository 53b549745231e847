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
    count_equal,
    count_within,
    keep_between,
    keep_first,
)

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


def test_counting_deltas() -> None:
    """The same as counting what was decoded and subtracted before."""
    base, tuned = np.random.default_rng(1).standard_normal((2, 3001)).astype(np.float32)
    bits = (tuned - base).view(np.int32)
    firsts = np.int32([0x3F80_0001, 0x3F00_0001])
    for decoded, stored, shape, given in (
        (count_bins, count_delta_bins, (N_BINS,), ()),
        (count_within, count_delta_within, (2, BIN_SIZE), (firsts,)),
    ):
        expected, found, plain = np.zeros((3, *shape), np.int64)
        decoded(bits, *given, expected)
        stored(base, tuned, *given, found)
        stored.py_func(base, tuned, *given, plain)
        assert expected.any()
        assert_array_equal(found, expected)
        assert_array_equal(plain, expected)


def test_count_equal_and_keep(bits: Any) -> None:
    magnitudes = bits & np.int32(MAGNITUDE)
    low, high = np.sort(magnitudes)[[1000, 2500]]
    assert count_equal(bits, low) == np.count_nonzero(magnitudes == low)
    kept = bits.copy()
    keep_between(kept, low, high)
    assert_array_equal(kept, np.where((magnitudes >= low) & (magnitudes <= high), bits, 0))
    for n in (0, 1, 5, 10_000):
        kept = bits.copy()
        keep_first(kept, low, n)
        dropped = np.flatnonzero(magnitudes == low)[n:]
        assert_array_equal(np.flatnonzero(kept != bits), dropped[bits[dropped] != 0])


def test_counting_equal_deltas() -> None:
    base, *tuned = np.random.default_rng(1).integers(-4, 5, (3, 3001)).astype(np.float32)
    rows, magnitudes = np.int32([0, 0, 1]), np.float32([1, 2, 3]).view(np.int32)
    found, plain = np.ones((2, 3), np.int64)
    count_delta_equal(base, tuple(tuned), rows, magnitudes, found)
    count_delta_equal.py_func(base, tuple(tuned), rows, magnitudes, plain)
    expected = [1 + np.count_nonzero(abs(tuned[row] - base) == m) for row, m in ((0, 1), (0, 2), (1, 3))]
    assert_array_equal(found, expected)
    assert_array_equal(plain, expected)


def test_uncompiled_kernels_say_the_same(bits: Any) -> None:
    for kernel, rest in (
        (count_bins, lambda: (np.zeros(N_BINS, np.int64),)),
        (count_within, lambda: (np.int32([0x3FC0_0000 - 5]), np.zeros((1, BIN_SIZE), np.int64))),
        (keep_between, lambda: (np.int32(0x3F00_0000), np.int32(0x3FC0_0000))),
        (keep_first, lambda: (np.int32(0x3FC0_0000), 3)),
    ):
        compiled, plain = (bits.copy(), *rest()), (bits.copy(), *rest())
        kernel(*compiled)
        kernel.py_func(*plain)
        assert_array_equal(compiled[0], plain[0])
        assert_array_equal(compiled[-1], plain[-1])
