"""Keep elements with a probability that grows with the rank of their magnitude within the row, without sorting.

An element stays if a random number u is below low + (high − low) · rank / (width − 1). A histogram of the row bounds
the rank, with bins like those of magnitude.py, as fine as the row allows. Only where u lies between the probabilities
of the first and the last rank of a bin (one or two elements in a row of 4096) must smaller magnitudes be counted.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from ._compile import inlined, kernel
from .masked import decode_strip, delta_strip
from .random import fill_uniform

__all__ = ["stays_by_rank"]

_N_STEPS = 512  # two bins each
_N_BINS = 2 * _N_STEPS + 2
_OPEN = 2
_ANY_OPEN = np.uint64(0x0202_0202_0202_0202)
_MAGNITUDE = np.int32(0x7FFF_FFFF)


@kernel
def stays_by_rank(base: Any, tuned: Any, width: int, low: float, high: float, key: Any, start: int, stays: Any) -> None:
    """stays[n], uint8: whether an element of tuned − base is kept, of stored numbers in rows of `width`.

    Ranks count from 0 for the smallest magnitude; equal magnitudes share the mean of their ranks. In a row of one
    element the probability is (low + high) / 2.

    Args:
        low, high: the probabilities of ranks 0 and width − 1.
        key: uint64, of the random numbers; `start`: index of the first element in it.
    """
    pairs = np.empty(width // 2 + 1, np.uint64)
    drawn = np.empty(width, np.float32)
    of_base, delta = np.empty(width, np.float32), np.empty(width, np.float32)
    row = delta.view(np.int32)
    codes = np.empty((width + 7) // 8 * 8, np.uint8)  # 1 stays, 0 does not, or _OPEN
    eights = codes.view(np.uint64)
    eights[-1] = 0
    bins = np.empty(width, np.uint16)
    counts = np.empty(_N_BINS, np.int32)
    # the probabilities of the first and the last rank of each bin; behind them, those of each element: where both are
    # in one array, the compiler looks them up one by one, three times as fast as with gathers in vector code
    keeps = np.empty(2 * (_N_BINS + width), np.float32)
    both = keeps.view(np.int64)
    step = (high - low) / max(1, 2 * (width - 1))  # ranks are doubled: a mean rank may end in ½
    for row_start in range(0, stays.size, width):
        row_stop = row_start + width
        decode_strip(base[row_start:row_stop], of_base)
        delta_strip(tuned[row_start:row_stop], of_base, delta)
        stay = stays[row_start:row_stop]
        n_bins = _fill_bins(row, max(1, min(_N_STEPS, width // 8)), bins)
        if n_bins == 0:
            stay[:] = 0
            continue
        for j in range(n_bins):
            counts[j] = 0
        for i in range(width):
            counts[bins[i]] += 1
        n_smaller = np.int32(0)
        for j in range(n_bins):  # counts become the number of elements up to the end of each bin
            n_smaller += counts[j]
            counts[j] = n_smaller
        for j in range(n_bins // 2):  # an odd bin is one magnitude, of one rank, and an even one follows
            before, at, after = counts[2 * j], counts[2 * j + 1], counts[2 * j + 2]
            mean = np.float32(low + (before + at - 1) * step)
            keeps[4 * j + 2] = keeps[4 * j + 3] = mean
            keeps[4 * j + 4] = np.float32(low + 2 * at * step)
            keeps[4 * j + 5] = np.float32(low + 2 * (after - 1) * step)
        keeps[0] = keeps[1] = 0  # kept or not, zeros stay zeros
        if width == 1:
            keeps[2] = keeps[3] = (low + high) / 2
        for i in range(width):
            both[_N_BINS + i] = both[bins[i]]

        fill_uniform(key, start + row_start, drawn, pairs)
        of_elements = keeps[2 * _N_BINS :]
        for i in range(width):
            codes[i] = drawn[i] < of_elements[2 * i]
        for i in range(width):
            codes[i] += _OPEN * ((drawn[i] >= of_elements[2 * i]) & (drawn[i] < of_elements[2 * i + 1]))
        for eight in range(eights.size):
            if eights[eight] & _ANY_OPEN:
                for i in range(8 * eight, min(8 * eight + 8, width)):
                    if codes[i] == _OPEN:
                        codes[i] = drawn[i] < np.float32(low + _doubled_rank(row, row[i] & _MAGNITUDE) * step)
        for i in range(width):
            stay[i] = codes[i]


@inlined
def _fill_bins(row: Any, n_steps: int, bins: Any) -> Any:
    """Give each element its bin and return their number; 0 for a row of zeros.

    Bin 0 is for zeros, odd bins hold one magnitude, even ones those between two such, n_steps of both at most.
    """
    largest, least = np.uint32(0), np.uint32(0xFFFF_FFFF)  # `least`: the smallest but zeros, less one
    for i in range(row.size):  # in 32 bits: so many casts because numba computes in 64, with half the lanes
        magnitude = np.uint32(row[i] & _MAGNITUDE)
        largest = magnitude if magnitude > largest else largest
        less = np.uint32(magnitude - np.uint32(1))
        least = less if less < least else least
    if largest == 0:
        return 0
    low, high = np.int64(least) + 1, np.int64(largest)
    shift = 0
    while (high >> shift) - (low >> shift) >= n_steps:
        shift += 1
    rest = np.uint32((1 << shift) - 1)
    offset = 2 * (low >> shift) - 1
    for i in range(row.size):
        magnitude = np.uint32(row[i] & _MAGNITUDE)
        step = np.uint32(magnitude >> np.uint32(shift & 31))
        between = np.uint32(1) if np.uint32(magnitude & rest) != 0 else np.uint32(0)
        bins[i] = np.uint16(step + step + between - offset) if magnitude != 0 else np.uint16(0)
    return 2 * ((high >> shift) - (low >> shift)) + 3


@inlined
def _doubled_rank(row: Any, magnitude: Any) -> int:
    """Twice the rank, from 0, of a magnitude of the row; equal ones share the mean of their ranks."""
    n_smaller = n_equal = 0
    for i in range(row.size):
        n_smaller += (row[i] & _MAGNITUDE) < magnitude
        n_equal += (row[i] & _MAGNITUDE) == magnitude
    return 2 * n_smaller + n_equal - 1
