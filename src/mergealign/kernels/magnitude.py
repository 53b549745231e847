"""Order statistics of magnitudes by counting: exact, without sorting.

Float32 numbers of one sign are in the order of their bits. The magnitudes 0 … infinity, as integers, are counted in
2¹⁶ bins: an even bin holds a magnitude that ends in 16 zero bits, alone, an odd one all those between two of these.
Differences of bfloat16 numbers mostly end in 16 zero bits, so that a rank is most often found at the first look. A
second count within an odd bin finds the others.

All kernels take float32 numbers as int32 bits (`values.view(np.int32)`): counting needs them so, and so does masking.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from ._compile import kernel

__all__ = [
    "BIN_SIZE",
    "N_BINS",
    "bin_magnitudes",
    "count_bins",
    "count_equal",
    "count_within",
    "keep_between",
    "keep_first",
]

N_BINS = 1 << 16
BIN_SIZE = (1 << 16) - 1  # magnitudes in an odd bin
_MAGNITUDE = np.int32(0x7FFF_FFFF)
_STRIP = 1024
_GROUP = 32


def bin_magnitudes(index: int) -> range:
    """The magnitudes that fall into a bin."""
    first = (index >> 1 << 16) + index % 2
    return range(first, first + (BIN_SIZE if index % 2 else 1))


@kernel
def count_bins(bits: Any, counts: Any) -> None:
    """Add the number of elements in each bin to counts, int64 [N_BINS].

    The bins of a strip are computed first, in vector code: twice as fast as computing and counting one by one.
    """
    bins = np.empty(_STRIP, np.uint16)
    for start in range(0, bits.size, _STRIP):
        strip = bits[start : start + _STRIP]
        for i in range(strip.size):
            magnitude = strip[i] & _MAGNITUDE
            bins[i] = (magnitude >> 16) + ((magnitude + 0xFFFF) >> 16)
        for i in range(strip.size):
            counts[bins[i]] += 1


@kernel
def count_within(bits: Any, first: Any, counts: Any) -> None:
    """Add the number of elements of magnitude first + j to counts[j], int64 [BIN_SIZE]; `first` is int32.

    Few elements are within: groups without any are passed over in vector code, twice as fast.
    """
    for start in range(0, bits.size, _GROUP):
        group = bits[start : start + _GROUP]
        n = 0
        for i in range(group.size):
            j = (group[i] & _MAGNITUDE) - first
            n += (j >= np.int32(0)) & (j < np.int32(BIN_SIZE))
        if n:
            for i in range(group.size):
                j = (group[i] & _MAGNITUDE) - first
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
