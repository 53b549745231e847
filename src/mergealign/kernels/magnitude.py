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

from ._compile import inlined, kernel
from .masked import decode_strip, delta_strip

__all__ = [
    "BIN_SIZE",
    "N_BINS",
    "bin_magnitudes",
    "count_bins",
    "count_delta_bins",
    "count_delta_equal",
    "count_delta_within",
    "count_equal",
    "count_within",
    "keep_between",
    "keep_first",
]

N_BINS = 1 << 16
BIN_SIZE = (1 << 16) - 1  # magnitudes in an odd bin
_MAGNITUDE = np.int32(0x7FFF_FFFF)
_SIZE = np.uint32(BIN_SIZE)
_STRIP = 1024


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
        _count_bins(bits[start : start + _STRIP], bins, counts)


@kernel
def count_delta_bins(base: Any, tuned: Any, counts: Any) -> None:
    """The same for tuned[n] − base[n], of stored numbers."""
    bins = np.empty(_STRIP, np.uint16)
    of_base, delta = np.empty(_STRIP, np.float32), np.empty(_STRIP, np.float32)
    bits = delta.view(np.int32)
    for start in range(0, base.size, _STRIP):
        stop = min(start + _STRIP, base.size)
        decode_strip(base[start:stop], of_base)
        delta_strip(tuned[start:stop], of_base, delta)
        _count_bins(bits[: stop - start], bins, counts)


@inlined
def _count_bins(strip: Any, bins: Any, counts: Any) -> None:
    for i in range(strip.size):
        magnitude = strip[i] & _MAGNITUDE
        bins[i] = (magnitude >> 16) + ((magnitude + 0xFFFF) >> 16)
    for i in range(strip.size):
        counts[bins[i]] += 1


@kernel
def count_within(bits: Any, firsts: Any, counts: Any) -> None:
    """Add the number of elements of magnitude firsts[m] + j to counts[m, j], int64 [M, BIN_SIZE]; firsts are int32.

    Few elements are within: they are marked in vector code and looked for eight by eight.
    """
    marks = np.empty(_STRIP, np.uint8)
    for start in range(0, bits.size, _STRIP):
        _count_within(bits[start : start + _STRIP], firsts, marks, counts)


@kernel
def count_delta_within(base: Any, tuned: Any, firsts: Any, counts: Any) -> None:
    """The same for tuned[n] − base[n], of stored numbers."""
    marks = np.empty(_STRIP, np.uint8)
    of_base, delta = np.empty(_STRIP, np.float32), np.empty(_STRIP, np.float32)
    bits = delta.view(np.int32)
    for start in range(0, base.size, _STRIP):
        stop = min(start + _STRIP, base.size)
        decode_strip(base[start:stop], of_base)
        delta_strip(tuned[start:stop], of_base, delta)
        _count_within(bits[: stop - start], firsts, marks, counts)


@inlined
def _count_within(strip: Any, firsts: Any, marks: Any, counts: Any) -> None:
    marks[:] = 0
    for m in range(firsts.size):
        first = firsts[m]
        for i in range(strip.size):
            marks[i] |= np.uint8(np.uint32((strip[i] & _MAGNITUDE) - first) < _SIZE)
    eights = marks.view(np.uint64)
    for eight in range(eights.size):
        if eights[eight]:
            for i in range(8 * eight, min(8 * eight + 8, strip.size)):
                for m in range(firsts.size):
                    j = (strip[i] & _MAGNITUDE) - firsts[m]
                    if 0 <= j < BIN_SIZE:
                        counts[m, j] += 1


@kernel
def count_equal(bits: Any, magnitude: Any) -> int:
    """The number of elements of a magnitude (int32)."""
    n = 0
    for i in range(bits.size):
        n += (bits[i] & _MAGNITUDE) == magnitude
    return n


@kernel
def count_delta_equal(base: Any, tuned: Any, rows: Any, magnitudes: Any, counts: Any) -> None:
    """Add the number of elements of magnitude magnitudes[t] of tuned[rows[t]] − base to counts[t], int64 [T].

    Of stored numbers; `tuned` is a tuple of arrays of one format, rows and magnitudes are int32.
    """
    of_base, delta = np.empty(_STRIP, np.float32), np.empty(_STRIP, np.float32)
    bits = delta.view(np.int32)
    for start in range(0, base.size, _STRIP):
        stop = min(start + _STRIP, base.size)
        decode_strip(base[start:stop], of_base)
        for t in range(rows.size):
            if t == 0 or rows[t] != rows[t - 1]:
                delta_strip(tuned[rows[t]][start:stop], of_base, delta)
            strip, magnitude, n = bits[: stop - start], magnitudes[t], 0
            for i in range(strip.size):
                n += (strip[i] & _MAGNITUDE) == magnitude
            counts[t] += n


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
