"""One model moved towards another, by a bounded amount per element."""

from __future__ import annotations

from typing import Any

from ._compile import kernel
from .codecs import decode, encode, is_finite

__all__ = ["move_at_most"]


@kernel
def move_at_most(start: Any, goal: Any, most: float, out: Any) -> bool:
    """out[n] = start[n] + clip(goal[n] − start[n], −most, most) of stored numbers; whether all of it is finite.

    A goal within reach is reached exactly.
    """
    finite = True
    for i in range(out.size):
        a, b = decode(start[i]), decode(goal[i])
        value = min(max(b, a - most), a + most)
        out[i] = encode(value, out[i])
        finite &= is_finite(out[i])
    return finite
