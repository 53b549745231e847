"""Order statistics of magnitudes by counting: exact, without sorting.

Float32 numbers of one sign are in the order of their bits. The magnitudes 0 … infinity, as integers, are counted in
bins of 2¹⁶ that end at a multiple of 2¹⁶; a second count within one bin finds a magnitude of given rank exactly. Bin 0
holds zero alone. Differences of bfloat16 numbers mostly end in 16 zero bits: they share the last magnitude of a bin.

All kernels take float32 numbers as int32 bits (`values.view(np.int32)`): counting needs them so, and so does masking.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from ._compile import kernel

__all__ = [
    "BIN_SIZE",
    "N_BINS",
    "N_LANES",
    "bin_magnitudes",
    "count_bins",
    "count_equal",
    "count_within",
    "keep_between",
    "keep_first",
]

BIN_SIZE = 1 << 16
N_BINS = (1 << 15) + 1
N_LANES = 2
_MAGNITUDE = np.int32(0x7FFF_FFFF)


def bin_magnitudes(index: int) -> range:
    """The magnitudes that fall into a bin."""
    return range((index - 1) * BIN_SIZE + 1, index * BIN_SIZE + 1) if index else range(1)


@kernel
def count_bins(bits: Any, counts: Any) -> None:
    """Add the number of elements in each bin to counts, int64 [N_LANES, N_BINS], to be summed over lanes.

    Two lanes: equal magnitudes follow each other often, and an addition to the same place must wait (20 % faster).
    """
    even, odd = counts[0], counts[1]
    for i in range(0, bits.size - 1, 2):
        even[((bits[i] & _MAGNITUDE) + (BIN_SIZE - 1)) >> 16] += 1
        odd[((bits[i + 1] & _MAGNITUDE) + (BIN_SIZE - 1)) >> 16] += 1
    if bits.size % 2:
        even[((bits[bits.size - 1] & _MAGNITUDE) + (BIN_SIZE - 1)) >> 16] += 1


@kernel
def count_within(bits: Any, first: int, counts: Any) -> None:
    """Add the number of elements of magnitude first + j to counts[j], int64 [BIN_SIZE]."""
    for i in range(bits.size):
        j = np.int64(bits[i] & _MAGNITUDE) - first
        if 0 <= j < BIN_SIZE:
            counts[j] += 1


@kernel
def count_equal(bits: Any, magnitude: Any) -> int:
    """The number of elements of a magnitude (int32)."""
    n = 0
    for i in range(bits.size):
        n += (bits[i] & _MAGNITUDE) == magnitude
    return n


@kernel
def keep_between(bits: Any, low: Any, high: Any) -> None:
    """Set to zero all elements but those of a magnitude from `low` to `high`, both included (int32)."""
    for i in range(bits.size):
        magnitude = bits[i] & _MAGNITUDE
        bits[i] = bits[i] if (magnitude >= low) & (magnitude <= high) else np.int32(0)


@kernel
def keep_first(bits: Any, magnitude: Any, n: int) -> None:
    """Set to zero the elements of a magnitude (int32) but the first n."""
    for i in range(bits.size):
        if bits[i] & _MAGNITUDE == magnitude:
            if n <= 0:
                bits[i] = 0
            n -= 1
