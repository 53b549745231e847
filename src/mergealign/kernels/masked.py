"""Strips of stored numbers in float32, and which elements of a block stay because of their magnitude.

In strips that stay in the first-level cache numbers are decoded, subtracted and looked at without a pass through memory
in between.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from ._compile import inlined, kernel
from .codecs import decode

__all__ = ["VARIANCE", "decode_strip", "delta_strip", "stays_within", "vector_strip"]

VARIANCE = -1
"""In place of the number of an input: the variance over the deltas of all inputs."""

_STRIP = 256
_MAGNITUDE = np.int32(0x7FFF_FFFF)


@inlined
def decode_strip(stored: Any, out: Any) -> None:
    """out[n] = stored[n] in float32."""
    for i in range(stored.size):
        out[i] = np.float32(decode(stored[i]))


@inlined
def delta_strip(stored: Any, base: Any, out: Any) -> None:
    """out[n] = stored[n] − base[n], where `base` and `out` are float32."""
    for i in range(stored.size):
        out[i] = np.float32(decode(stored[i])) - base[i]


@inlined
def vector_strip(base: Any, tuned: Any, row: int, start: int, stop: int, room: Any, out: Any) -> None:
    """out = tuned[row] − base for the elements `start` to `stop`, or the variance of all deltas: Σ_k (δ_k − mean)² / K.

    `base` is the strip in float32, `tuned` a tuple of stored numbers; `room` is float32 [2, a strip]. The mean is taken
    relative to the first delta, so that equal deltas have a variance of exactly zero.
    """
    if row >= 0:
        delta_strip(tuned[row][start:stop], base, out)
        return
    n_inputs = np.float32(len(tuned))
    n, first, mean = stop - start, room[0], room[1]
    delta_strip(tuned[0][start:stop], base, first)
    mean[:] = np.float32(0)
    out[:] = np.float32(0)
    for k in range(1, len(tuned)):
        t = tuned[k][start:stop]
        for i in range(n):
            mean[i] += (np.float32(decode(t[i])) - base[i]) - first[i]
    for i in range(n):
        mean[i] = first[i] + mean[i] / n_inputs
    for k in range(len(tuned)):
        t = tuned[k][start:stop]
        for i in range(n):
            apart = (np.float32(decode(t[i])) - base[i]) - mean[i]
            out[i] += apart * apart
    for i in range(n):
        out[i] /= n_inputs


@kernel
def stays_within(
    base: Any, tuned: Any, rows: Any, limits: Any, ties: Any, index: int, start: int, stop: int, stays: Any
) -> None:
    """stays[k], uint8 [K, n]: whether the magnitude of vector rows[k] is wanted, for the elements `start` to `stop`.

    Args:
        base, tuned: stored numbers, `tuned` a tuple of K arrays of one format.
        rows: int64 [K]: k for delta k, or VARIANCE.
        limits: int32 [K, 2]: a magnitude is wanted from the one to the other, both included (bits of float32).
        ties: int64 [T, 4], block, row, magnitude, n: of a magnitude in block `index` only the first n stay.
    """
    of_base, found = np.empty(_STRIP, np.float32), np.empty(_STRIP, np.float32)
    room = np.empty((2, _STRIP), np.float32)
    bits = found.view(np.int32)
    for at in range(start, stop, _STRIP):
        end = min(at + _STRIP, stop)
        decode_strip(base[at:end], of_base)
        for k in range(rows.size):
            stay, low, high = stays[k, at - start : end - start], limits[k, 0], limits[k, 1]
            if low > high or (low == 0 and high == _MAGNITUDE):
                stay[:] = low <= high
            elif k > 0 and rows[k] == rows[k - 1]:
                same = stays[k - 1, at - start : end - start]
                for i in range(stay.size):
                    stay[i] = same[i]
            else:
                vector_strip(of_base, tuned, rows[k], at, end, room, found)
                for i in range(stay.size):
                    magnitude = bits[i] & _MAGNITUDE
                    stay[i] = (magnitude >= low) & (magnitude <= high)
    for t in range(ties.shape[0]):
        if ties[t, 0] == index:
            for k in range(rows.size):
                if rows[k] == ties[t, 1]:
                    _keep_first(base, tuned, rows[k], ties[t, 2], ties[t, 3], start, stop, stays[k])


@kernel
def _keep_first(base: Any, tuned: Any, row: int, magnitude: int, n: int, start: int, stop: int, stay: Any) -> None:
    of_base, found = np.empty(_STRIP, np.float32), np.empty(_STRIP, np.float32)
    room = np.empty((2, _STRIP), np.float32)
    bits = found.view(np.int32)
    for at in range(start, stop, _STRIP):
        end = min(at + _STRIP, stop)
        decode_strip(base[at:end], of_base)
        vector_strip(of_base, tuned, row, at, end, room, found)
        for i in range(end - at):
            if bits[i] & _MAGNITUDE == magnitude:
                if n <= 0:
                    stay[at - start + i] = 0
                n -= 1
