"""What separates two tensors of one shape: sums over pieces of fixed size, in float64.

A sum in one variable waits for itself at every element (0.4 G elements/s). In 64 lanes that are added up at the end it
becomes vector code (2 G), as long as the compiler sees that a row has 64. Pieces and lanes are fixed, so results depend
neither on threads nor on the blocks that are read.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from ._compile import inlined, kernel
from .codecs import decode, is_finite

__all__ = ["PIECE_ELEMENTS", "differences"]

PIECE_ELEMENTS = 1 << 16
_LANES = 64


@inlined
def _add(x: float, y: float, lanes: Any, lane: int) -> None:
    d = y - x
    lanes[0, lane] += x * x
    lanes[1, lane] += y * y
    lanes[2, lane] += x * y
    lanes[3, lane] += d * d
    lanes[4, lane] = max(lanes[4, lane], abs(d))
    lanes[5, lane] += 1.0 if x != y else 0.0


@kernel
def differences(a: Any, b: Any, sums: Any) -> None:
    """Compare the stored numbers a[n] and b[n], by value: bfloat16 1.5 equals float32 1.5, and −0 equals 0.

    Args:
        sums: [⌈n / PIECE_ELEMENTS⌉, 8], written: per piece a·a, b·b, a·b, |b − a|², max |b − a|, the number of
            elements that differ, and how many of a and of b are NaN or infinite. Where some are, the first five mean
            nothing; NaN on both sides counts as unchanged.
    """
    lanes = np.empty((6, _LANES))
    for piece in range(sums.shape[0]):
        start = piece * PIECE_ELEMENTS
        stop = min(start + PIECE_ELEMENTS, a.size)
        whole = start + (stop - start) // _LANES * _LANES
        lanes[:] = 0.0
        for at in range(start, whole, _LANES):
            a_row, b_row = a[at : at + _LANES], b[at : at + _LANES]
            for lane in range(_LANES):
                _add(decode(a_row[lane]), decode(b_row[lane]), lanes, lane)
        for at in range(whole, stop):
            _add(decode(a[at]), decode(b[at]), lanes, at - whole)
        sums[piece] = 0.0
        for lane in range(_LANES):
            for i in (0, 1, 2, 3, 5):
                sums[piece, i] += lanes[i, lane]
            sums[piece, 4] = max(sums[piece, 4], lanes[4, lane])
        if not abs(sums[piece, 0] + sums[piece, 1]) < np.inf:  # rare: a number that is not finite, or its square
            for at in range(start, stop):
                x, y = decode(a[at]), decode(b[at])
                sums[piece, 5] -= 1.0 if x != x and y != y else 0.0
                sums[piece, 6] += 0.0 if is_finite(a[at]) else 1.0
                sums[piece, 7] += 0.0 if is_finite(b[at]) else 1.0
