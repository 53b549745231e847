"""Keep elements with a probability that grows with the rank of their magnitude within the row, without sorting.

An element stays if a random number u is below low + (high − low) · rank / (width − 1). Whatever its rank, u < low keeps
it and u ≥ high drops it. For the others a histogram of the row bounds the rank; only where u lies between the
probabilities of the first and the last rank of a bin must smaller magnitudes be counted, once per magnitude.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from ._compile import kernel
from .random import uniform

__all__ = ["keep_by_rank"]

_N_BINS = 4096
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
    drawn = np.empty(width, np.float32)
    open_at = np.empty(width + 1, np.int64)
    begins = np.empty(_N_BINS + 2, np.int64)  # of a bin: how many elements are in smaller bins
    counted = np.empty(_N_BINS + 1, np.int32)  # the last magnitude counted in a bin, and twice its rank
    counted_rank = np.empty(_N_BINS + 1, np.int64)
    low32, high32 = np.float32(low), np.float32(high)
    step = (high - low) / max(1, 2 * (width - 1))
    for row_start in range(0, bits.size, width):
        row = bits[row_start : row_start + width]
        smallest, largest = _MAGNITUDE, np.int32(0)
        for i in range(width):
            magnitude = row[i] & _MAGNITUDE
            largest = max(largest, magnitude)
            smallest = min(smallest, magnitude if magnitude != 0 else _MAGNITUDE)
        if largest == 0:
            continue
        shift = np.int32(0)
        while (largest - smallest) >> shift >= _N_BINS:
            shift += np.int32(1)
        n_bins = ((largest - smallest) >> shift) + 2  # bin 0 holds the zeros
        begins[: n_bins + 1] = 0
        counted[:n_bins] = 0
        for i in range(width):
            magnitude = row[i] & _MAGNITUDE
            begins[(1 + ((magnitude - smallest) >> shift) if magnitude != 0 else 0) + 1] += 1
        for j in range(n_bins):
            begins[j + 1] += begins[j]

        first = np.uint64(start + row_start)
        for i in range(width):
            drawn[i] = uniform(key, first + np.uint64(i))
        n_open = 0
        for i in range(width):
            open_at[n_open] = i
            n_open += (drawn[i] >= low32) & (drawn[i] < high32)
        for at in range(n_open):
            i = open_at[at]
            magnitude = row[i] & _MAGNITUDE
            if magnitude == 0:
                continue  # kept or not, it stays zero
            j = 1 + ((magnitude - smallest) >> shift)
            keeps, most = low + 2 * begins[j] * step, low + 2 * (begins[j + 1] - 1) * step
            if width == 1:
                keeps = most = (low + high) / 2
            if keeps <= drawn[i] < most:
                if counted[j] != magnitude:
                    smaller = equal = 0
                    for m in range(width):
                        smaller += (row[m] & _MAGNITUDE) < magnitude
                        equal += (row[m] & _MAGNITUDE) == magnitude
                    counted[j], counted_rank[j] = magnitude, 2 * smaller + equal - 1
                keeps = low + counted_rank[j] * step
            drawn[i] = np.float32(-1) if drawn[i] < keeps else np.float32(2)
        for i in range(width):
            row[i] = row[i] if drawn[i] < low32 else np.int32(0)
