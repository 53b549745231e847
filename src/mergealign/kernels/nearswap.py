"""One model moved towards another, by a bounded amount per element.

    out = start + clip(goal − start, −most, most)

In float64, or where everything is bfloat16 in float32, which mostly rounds to the same number: with u = 2^-24 the
float32 result v is off by u (|start| + 2 most) at most, as clipping enlarges no error. Where both ends of v ± E with
E = 1.1 u (|start| + |goal| + 2 most) round to one number, that is it; chunks where they do not are done in float64.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from ._compile import inlined, kernel
from .codecs import bits_of_float32, decode, either, encode, is_finite

__all__ = ["move_at_most", "move_at_most_narrow"]

_CHUNK = 256
_RELATIVE = np.float32(1.1 * 2.0**-24)
_TINY = np.float32(2.0**-126)  # where float32 loses digits
_SIGN = np.uint32(0x8000_0000)
_LARGEST = np.float32(1e38)


@inlined
def _move(start: Any, goal: Any, most: float, out: Any, first: int, last: int) -> bool:
    finite = True
    for i in range(np.uintp(first), np.uintp(last)):  # an index that may be negative stops vectorization
        a, b = decode(start[i]), decode(goal[i])
        value = min(max(b, a - most), a + most)
        out[i] = encode(value, out[i])
        finite &= is_finite(start[i]) & is_finite(goal[i]) & is_finite(out[i])
    return finite


@inlined
def _move_narrow(start: Any, goal: Any, most: Any, out: Any, first: int, last: int) -> bool:
    """The same in float32; whether an element is doubtful or not finite.

    Rounding is on the size, halves up. The ends are moved one float32 number outwards: they were rounded themselves.
    """
    doubt = np.uint32(0)
    for i in range(np.uintp(first), np.uintp(last)):
        a, b = np.float32(decode(start[i])), np.float32(decode(goal[i]))
        value = min(max(b, a - most), a + most)
        size, spread = abs(value), abs(a) + abs(b) + most + most
        error = _RELATIVE * spread + _TINY
        upper = np.uint32(bits_of_float32(size + error) + np.uint32(0x8001))
        lower = np.uint32(bits_of_float32(size - error if spread < _LARGEST else np.float32(-1)) + np.uint32(0x7FFF))
        doubt = either(doubt, np.uint32(upper ^ lower))
        out[i] = np.uint16((upper | (bits_of_float32(value) & _SIGN)) >> np.uint32(16))
    return bool(doubt > np.uint32(0xFFFF))


@kernel
def move_at_most(start: Any, goal: Any, most: float, out: Any) -> bool:
    """Move stored numbers [n]; whether all that goes in and comes out is finite.

    A goal within reach is reached exactly.
    """
    return _move(start, goal, most, out, 0, out.size)


@kernel
def move_at_most_narrow(start: Any, goal: Any, most: float, out: Any) -> bool:
    """As `move_at_most`, bit for bit, for bfloat16 in and out."""
    finite = True
    for first in range(0, out.size, _CHUNK):
        last = min(first + _CHUNK, out.size)
        if _move_narrow(start, goal, np.float32(most), out, first, last):
            finite &= _move(start, goal, most, out, first, last)
    return finite
