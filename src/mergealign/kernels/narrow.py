"""The linear family in float32, where that provably rounds as float64 does; for bfloat16 models. Else, in float64.

A bfloat16 number has 8 significant bits, a float32 number 24. There are two reasons to trust float32, one for each kind
of weights; elements without one are doubtful, and `combine` does their chunk again.

Exact, for weights of few significant bits, as 1 or 0.75: while the numbers that meet in one element differ little in
size, no step of base + Σ_k w_k · (tuned_k − base) rounds. Rounding the sum once gives what `combine` gives, ties too.

Bounded, for all other weights: with u = 2^-24, d_k = tuned_k − base, P = Σ_k |w_k d_k| and v the float32 result, each
product is off by 3 u (its weight, difference, rounding), their sum by K − 1 more, and adding the base costs u |v|:

    |v − exact| ≤ u |v| + (K + 2) u P < E = 1.01 u (|v| + (K + 3) P)

up to terms in u², the rounding of P and E, and the error of `combine` itself, which is 2^-29 times as large: one part
in a hundred, and one P more, are left for them. If all of v − E … v + E rounds to one bfloat16 number, that is it.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import ceil, log2
from typing import Any

import numpy as np

from ._compile import inlined, kernel
from .codecs import bits_of_float32, either, float32_of_bits
from .linear import combine_range

__all__ = ["combine_narrow", "fits_narrow", "narrow_ratio"]

_EXACT_CHUNK = 512  # elements
_BOUNDED_CHUNK = 193  # LLVM takes the first one out of this loop; what is left fills whole registers
_SIGNIFICANT_BITS = 24 - 8
_LARGEST = np.float32(3.38e38)  # below it, rounding to bfloat16 does not overflow
_RELATIVE = np.float32(1.01 * 2.0**-24)
_TINY = np.float32(2.0**-100)  # far above what products lose by underflow, far below what models hold
_SIGN = np.uint32(0x8000_0000)


def fits_narrow(weights: Sequence[float]) -> bool:
    """Whether float32 may be tried: no weight overflows there, nor makes 0 of a number that is not."""
    return all(w == 0 or 2.0**-16 <= abs(w) <= 2.0**64 for w in weights)


def narrow_ratio(weights: Sequence[float]) -> float | None:
    """How many times the largest of the numbers in one element may exceed the smallest; None: too many bits in weights.

    All numbers are multiples of the last bit of the smallest, shifted by the last bit of the weights; their sum is at
    most 1 + 2 Σ |w| times the largest. Both ends must lie within 24 bits.
    """
    shift = max(w.as_integer_ratio()[1] for w in weights).bit_length() - 1
    bits = _SIGNIFICANT_BITS - shift - ceil(log2(1 + 2 * sum(map(abs, weights))))
    return 2.0**bits if bits >= 8 else None


@inlined
def _value(stored: Any, i: Any) -> Any:
    if stored is None:
        return np.float32(0)
    return float32_of_bits(np.uint32(stored[i]) << np.uint32(16))


@inlined
def _exact(base: Any, tuned: Any, weights: Any, ratio: Any, out: Any, start: int, stop: int) -> bool:
    """Elements `start` to `stop`; whether one is doubtful: its numbers differ too much in size, or overflow."""
    doubt = np.uint32(0)
    for i in range(np.uintp(start), np.uintp(stop)):  # an index that may be negative stops vectorization
        b = _value(base, i)
        smallest = largest = abs(_value(tuned[0], i) if base is None else b)
        value = b
        for k in range(len(tuned)):
            t = _value(tuned[k], i)
            size = abs(t)
            smallest = size if size < smallest else smallest
            largest = size if size > largest else largest
            value += weights[k] * (t - b)
        doubt = either(doubt, np.uint32(not (largest <= smallest * ratio)))
        doubt = either(doubt, np.uint32(not (abs(value) < _LARGEST)))
        bits = bits_of_float32(value)
        odd = (bits >> np.uint32(16)) & np.uint32(1)
        out[i] = np.uint16((bits + np.uint32(0x7FFF) + odd) >> np.uint32(16))
    return doubt != 0


@inlined
def _bounded(base: Any, tuned: Any, weights: Any, out: Any, start: int, stop: int) -> bool:
    """Elements `start` to `stop`; whether one is doubtful: both ends of its interval do not round to one number.

    Rounding is on the size, halves up. The ends are moved one float32 number outwards: they were rounded themselves.
    Below `_TINY` the interval reaches beyond zero, which is doubtful, as what is too large; zeros made of zeros alone
    are exact.
    """
    doubt = np.uint32(0)
    for i in range(np.uintp(start), np.uintp(stop)):
        b = _value(base, i)
        moved, spread = np.float32(-0.0), np.float32(0)  # -0 + x is x, for -0 as well
        for k in range(len(tuned)):
            part = weights[k] * (_value(tuned[k], i) - b)
            moved += part
            spread += abs(part)
        value = b + moved
        size = abs(value)
        reach = size + np.float32(len(tuned) + 3) * spread
        error = _RELATIVE * reach + (reach if reach < _TINY else _TINY)
        upper = np.uint32(bits_of_float32(size + error) + np.uint32(0x8001))
        lower = np.uint32(bits_of_float32(size - error if reach < _LARGEST else np.float32(-1)) + np.uint32(0x7FFF))
        doubt = either(doubt, np.uint32(upper ^ lower))
        out[i] = np.uint16((upper | (bits_of_float32(value) & _SIGN)) >> np.uint32(16))
    return bool(doubt > np.uint32(0xFFFF))


@inlined
def _chunk(base: Any, tuned: Any, weights: Any, ratio: Any, out: Any, start: int, stop: int) -> bool:
    if ratio is None:
        return _bounded(base, tuned, weights, out, start, stop)
    return _exact(base, tuned, weights, ratio, out, start, stop)


@kernel
def combine_narrow(base: Any, tuned: Any, weights: Any, narrow_weights: Any, ratio: Any, out: Any) -> bool:
    """As `combine`, bit for bit, for bfloat16 in and out and weights of which `fits_narrow` holds.

    `narrow_weights` are the weights and `ratio` is theirs, in float32; a ratio of None trusts the bound. Where more
    than a third of the chunks are doubtful, as with many ties of weights like 0.9, the rest is done in float64 at once.
    """
    finite = True
    again = 0
    step = _BOUNDED_CHUNK if ratio is None else _EXACT_CHUNK
    for start in range(0, out.size, step):
        stop = min(start + step, out.size)
        if again > 8 + start // (3 * step):
            return finite & combine_range(base, tuned, weights, out, start, out.size)
        if _chunk(base, tuned, narrow_weights, ratio, out, start, stop):
            finite &= combine_range(base, tuned, weights, out, start, stop)
            again += 1
    return finite
