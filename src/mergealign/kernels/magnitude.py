"""Order statistics of magnitudes by counting: exact, without sorting.

Float32 numbers of one sign are in the order of their bits. The magnitudes 0 … infinity, as integers, are counted in
2¹⁶ bins: an even bin holds a magnitude that ends in 16 zero bits, alone, an odd one all those between two of these.
Differences of bfloat16 numbers mostly end in 16 zero bits, so that a rank is most often found at the first look. A
second count within an odd bin finds the others.

Kernels take float32 numbers as int32 bits (`values.view(np.int32)`), or find them of stored numbers, strip by strip.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from ._compile import inlined, kernel
from .masked import decode_strip, vector_strip

__all__ = [
    "BIN_SIZE",
    "N_BINS",
    "bin_magnitudes",
    "count_bins",
    "count_delta_bins",
    "count_delta_equal",
    "count_delta_within",
    "count_within",
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
def count_delta_bins(base: Any, tuned: Any, rows: Any, counts: Any) -> None:
    """The same for vectors of stored numbers, those that `rows`, int64 [R], names (see `vector_strip`): [R, N_BINS]."""
    bins = np.empty(_STRIP, np.uint16)
    of_base, found, room = np.empty(_STRIP, np.float32), np.empty(_STRIP, np.float32), np.empty((2, _STRIP), np.float32)
    bits = found.view(np.int32)
    for start in range(0, base.size, _STRIP):
        stop = min(start + _STRIP, base.size)
        decode_strip(base[start:stop], of_base)
        for r in range(rows.size):
            vector_strip(of_base, tuned, rows[r], start, stop, room, found)
            _count_bins(bits[: stop - start], bins, counts[r])


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
def count_delta_within(base: Any, tuned: Any, rows: Any, firsts: Any, counts: Any) -> None:
    """The same for vectors of stored numbers, rows[m] for firsts[m]; equal rows follow each other."""
    marks = np.empty(_STRIP, np.uint8)
    of_base, found, room = np.empty(_STRIP, np.float32), np.empty(_STRIP, np.float32), np.empty((2, _STRIP), np.float32)
    bits = found.view(np.int32)
    for start in range(0, base.size, _STRIP):
        stop = min(start + _STRIP, base.size)
        decode_strip(base[start:stop], of_base)
        after = 0
        while after < rows.size:
            m = after
            while after < rows.size and rows[after] == rows[m]:
                after += 1
            vector_strip(of_base, tuned, rows[m], start, stop, room, found)
            _count_within(bits[: stop - start], firsts[m:after], marks, counts[m:after])


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
def count_delta_equal(base: Any, tuned: Any, rows: Any, magnitudes: Any, block: int, counts: Any) -> None:
    """Add the number of elements of magnitude magnitudes[t] (int32) in vector rows[t] to counts, int64 [n_blocks, T].

    As `count_delta_within`, in blocks of as many elements.
    """
    of_base, found, room = np.empty(_STRIP, np.float32), np.empty(_STRIP, np.float32), np.empty((2, _STRIP), np.float32)
    bits = found.view(np.int32)
    for index in range(counts.shape[0]):
        last = min((index + 1) * block, base.size)
        for start in range(index * block, last, _STRIP):
            stop = min(start + _STRIP, last)
            decode_strip(base[start:stop], of_base)
            for t in range(rows.size):
                if t == 0 or rows[t] != rows[t - 1]:
                    vector_strip(of_base, tuned, rows[t], start, stop, room, found)
                strip, magnitude, n = bits[: stop - start], magnitudes[t], 0
                for i in range(strip.size):
                    n += (strip[i] & _MAGNITUDE) == magnitude
                counts[index, t] += n
