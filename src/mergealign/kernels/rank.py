"""Keep elements with a probability that grows with the rank of their magnitude within the row, without sorting.

An element stays if a random number u is below low + (high − low) · rank / (width − 1). A histogram of the row bounds
the rank, with bins like those of magnitude.py, as fine as the row allows. Only where u lies between the probabilities
of the first and the last rank of a bin (one or two elements in a row of 4096) must smaller magnitudes be counted.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numba.extending import register_jitable

from ._compile import kernel
from .random import fill_uniform

__all__ = ["keep_by_rank"]

_N_STEPS = 1024  # two bins each
_GROUP = 64
_MAGNITUDE = np.int32(0x7FFF_FFFF)


@kernel
def keep_by_rank(bits: Any, width: int, low: float, high: float, key: Any, start: int) -> None:
    """Set to zero the elements that are not kept, in rows of `width` float32 numbers seen as int32 bits.

    Ranks count from 0 for the smallest magnitude; equal magnitudes share the mean of their ranks. In a row of one
    element the probability is (low + high) / 2.

    Args:
        low, high: the probabilities of ranks 0 and width − 1.
        key: uint64, of the random numbers; `start`: index of the first element in it.
    """
    pairs = np.empty(width // 2 + 1, np.uint64)
    drawn = np.empty(width, np.float32)
    stays = np.empty(width, np.uint8)
    bins = np.empty(width, np.uint16)
    counts = np.empty(2 * _N_STEPS + 2, np.int32)
    first_keeps = np.empty(counts.size, np.float32)  # the probabilities of the first and the last rank of a bin
    last_keeps = np.empty(counts.size, np.float32)
    step = (high - low) / max(1, 2 * (width - 1))  # ranks are doubled: a mean rank may end in ½
    for row_start in range(0, bits.size, width):
        row = bits[row_start : row_start + width]
        n_bins = _fill_bins(row, max(1, min(_N_STEPS, width // 4)), bins)
        if n_bins == 0:
            continue
        for j in range(n_bins):
            counts[j] = 0
        for i in range(width):
            counts[bins[i]] += 1
        n_smaller = 0
        for j in range(n_bins):
            first = 2 * n_smaller
            n_smaller += counts[j]
            last = 2 * (n_smaller - 1)
            if j % 2:  # one magnitude: one rank
                first = last = (first + last) // 2
            first_keeps[j], last_keeps[j] = low + first * step, low + last * step
        first_keeps[0] = last_keeps[0] = 0  # kept or not, zeros stay zeros
        if width == 1:
            first_keeps[1] = last_keeps[1] = (low + high) / 2

        fill_uniform(key, start + row_start, drawn, pairs)
        for group in range(0, width, _GROUP):  # no jump for each element: half of them would be mispredicted
            n_open = 0
            for i in range(group, min(group + _GROUP, width)):
                u, j = drawn[i], bins[i]
                stays[i] = u < first_keeps[j]
                n_open += (u >= first_keeps[j]) & (u < last_keeps[j])
            if n_open:
                for i in range(group, min(group + _GROUP, width)):
                    if stays[i] == 0 and drawn[i] < last_keeps[bins[i]]:
                        stays[i] = drawn[i] < np.float32(low + _doubled_rank(row, row[i] & _MAGNITUDE) * step)
        for i in range(width):
            row[i] = row[i] if stays[i] else np.int32(0)


@register_jitable
def _fill_bins(row: Any, n_steps: int, bins: Any) -> Any:
    """Give each element its bin and return their number; 0 for a row of zeros.

    Bin 0 is for zeros, odd bins hold one magnitude, even ones those between two such, n_steps of both at most.
    """
    smallest, largest = _MAGNITUDE, np.int32(0)
    for i in range(row.size):
        magnitude = row[i] & _MAGNITUDE
        largest = max(largest, magnitude)
        smallest = min(smallest, magnitude if magnitude != 0 else _MAGNITUDE)
    if largest == 0:
        return 0
    shift = np.int32(0)
    while (largest >> shift) - (smallest >> shift) >= n_steps:
        shift += np.int32(1)
    rest = (np.int32(1) << shift) - np.int32(1)
    offset = 2 * (smallest >> shift) - 1
    for i in range(row.size):
        magnitude = row[i] & _MAGNITUDE
        bins[i] = (magnitude >> shift) + ((magnitude + rest) >> shift) - offset if magnitude != 0 else 0
    return 2 * ((largest >> shift) - (smallest >> shift)) + 3


@register_jitable
def _doubled_rank(row: Any, magnitude: Any) -> int:
    """Twice the rank, from 0, of a magnitude of the row; equal ones share the mean of their ranks."""
    n_smaller = n_equal = 0
    for i in range(row.size):
        n_smaller += (row[i] & _MAGNITUDE) < magnitude
        n_equal += (row[i] & _MAGNITUDE) == magnitude
    return 2 * n_smaller + n_equal - 1
