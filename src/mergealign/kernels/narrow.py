"""The linear family where float32 is exact: bfloat16 models, weights that are powers of two. Twice as fast as float64.

A bfloat16 number has 8 significant bits, a float32 number 24. While the numbers that meet in one element differ little
in size, and weights only move exponents, every step of base + Σ_k w_k · (tuned_k − base) is therefore exact in float32,
and rounding the sum once gives what `combine` gives. Each chunk is tested for that; where it does not hold, or where a
result is not finite, `combine` does the chunk again in float64.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import ceil, frexp, log2
from typing import Any

import numpy as np

from ._compile import inlined, kernel, with_numba
from .codecs import bits_of_float32, float32_of_bits
from .linear import combine_range

__all__ = ["combine_narrow", "narrow_ratio"]

_CHUNK = 512
_SIGNIFICANT_BITS = 24 - 8
_LARGEST = np.float32(3.38e38)  # below it, rounding to bfloat16 does not overflow


def narrow_ratio(weights: Sequence[float]) -> float | None:
    """How many times the largest of the numbers in one element may exceed the smallest; None: these weights do not fit.

    All numbers are multiples of the last bit of the smallest, shifted by the smallest weight; their sum is at most
    1 + 2 Σ w times the largest. Both ends must lie within 24 bits.
    """
    if not all(0 < w <= 4 and frexp(w)[0] == 0.5 for w in weights):
        return None
    shift = max(0, -min(round(log2(w)) for w in weights))
    bits = _SIGNIFICANT_BITS - shift - ceil(log2(1 + 2 * sum(weights)))
    return 2.0**bits if bits >= 8 else None


def _either(x: Any, y: Any) -> Any:
    return np.uint32(x | y)


@with_numba
def _register() -> None:
    from numba import types
    from numba.extending import intrinsic, overload

    @intrinsic
    def or32(_typing: Any, _x: Any, _y: Any) -> Any:
        """numba widens x | y to 64 bits, which halves the lanes of the loop around it."""
        return types.uint32(types.uint32, types.uint32), lambda _c, builder, _s, args: builder.or_(args[0], args[1])

    @overload(_either)
    def _choose(x, y):  # type: ignore[no-untyped-def]  # noqa: ARG001
        return lambda x, y: or32(x, y)


@inlined
def _value(stored: Any) -> Any:
    return float32_of_bits(np.uint32(stored) << np.uint32(16))


@inlined
def _chunk(base: Any, tuned: Any, weights: Any, ratio: Any, out: Any, start: int, stop: int) -> bool:
    """Elements `start` to `stop`; whether they must be done again."""
    doubt = np.uint32(0)
    for i in range(np.uintp(start), np.uintp(stop)):  # an index that may be negative stops vectorization
        b = _value(base[i])
        smallest = largest = abs(b)
        value = b
        for k in range(len(tuned)):
            t = _value(tuned[k][i])
            size = abs(t)
            smallest = size if size < smallest else smallest
            largest = size if size > largest else largest
            value += weights[k] * (t - b)
        doubt = _either(doubt, np.uint32(not (largest <= smallest * ratio)))
        doubt = _either(doubt, np.uint32(not (abs(value) < _LARGEST)))
        bits = bits_of_float32(value)
        odd = (bits >> np.uint32(16)) & np.uint32(1)
        out[i] = np.uint16((bits + np.uint32(0x7FFF) + odd) >> np.uint32(16))
    return doubt != 0


@kernel
def combine_narrow(base: Any, tuned: Any, weights: Any, narrow_weights: Any, ratio: Any, out: Any) -> bool:
    """As `combine`, for bfloat16 in and out; `narrow_weights` are the weights and `ratio` is theirs, in float32."""
    finite = True
    for start in range(0, out.size, _CHUNK):
        stop = min(start + _CHUNK, out.size)
        if _chunk(base, tuned, narrow_weights, ratio, out, start, stop):
            finite &= combine_range(base, tuned, weights, out, start, stop)
    return finite
