"""Parts of deltas, of stored numbers in one loop: their norms, and their sum added to the base.

In strips that stay in the first-level cache: numbers are decoded, masked, added up in float32 and rounded once, without
a pass through memory in between. `stays` says for each element of each delta whether it takes part (1) or not (0).
"""

from __future__ import annotations

from typing import Any

import numpy as np

from ._compile import inlined, kernel
from .codecs import decode, encode, is_finite

__all__ = ["decode_strip", "delta_strip", "merge_stays", "stays_between", "stays_first", "stays_norms"]

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


@kernel(fastmath={"reassoc"})
def stays_norms(base: Any, tuned: Any, stays: Any, norms: Any) -> None:
    """Add Σ |delta_k| of all elements and of those that stay to norms[k], float64 [K, 2].

    `base` and the K arrays of the tuple `tuned` are stored numbers [n], delta_k = tuned[k] − base in float32, `stays`
    is uint8 [K, n]. Additions may be reordered (see inner.py). A strip is summed in float32 and the strips in float64:
    twice as fast as float64 alone, with a relative error of 1e-9.
    """
    b = np.empty(_STRIP, np.float32)
    for start in range(0, base.size, _STRIP):
        stop = min(start + _STRIP, base.size)
        decode_strip(base[start:stop], b)
        for k in range(len(tuned)):
            t, stay = tuned[k][start:stop], stays[k, start:stop]
            before = after = np.float32(0)
            for i in range(t.size):
                size = abs(np.float32(decode(t[i])) - b[i])
                before += size
                after += size if stay[i] else np.float32(0)
            norms[k, 0] += np.float64(before)
            norms[k, 1] += np.float64(after)


@kernel
def merge_stays(
    base: Any, tuned: Any, stays: Any, factors: Any, agree: bool, divisors: Any, scale: Any, out: Any
) -> bool:
    """out[n] = base[n] + Σ_k factors[k] · delta_k[n] over the elements that stay; whether all of it is finite.

    With `agree`, as `add_agreeing`: only those that have the sign of the sum, times `scale`, and over the sum of their
    `divisors` (one where that is zero). Stored numbers as in `stays_norms`; factors, divisors and scale are float32.
    """
    zero, one = np.float32(0), np.float32(1)
    n_inputs = len(tuned)
    divides = False
    for k in range(n_inputs):
        divides |= divisors[k] != zero
    b, total = np.empty(_STRIP, np.float32), np.empty(_STRIP, np.float32)
    majority, divisor = np.empty(_STRIP, np.float32), np.empty(_STRIP, np.float32)
    terms = np.empty((n_inputs, _STRIP), np.float32)
    finite = True
    for start in range(0, out.size, _STRIP):  # each loop writes one array: with more, the compiler gives up on vectors
        stop = min(start + _STRIP, out.size)
        o = out[start:stop]
        decode_strip(base[start:stop], b)
        total[:] = zero
        for k in range(n_inputs):
            t, stay, factor = tuned[k][start:stop], stays[k, start:stop], factors[k]
            if agree:
                term = terms[k]
                for i in range(t.size):
                    d = np.float32(decode(t[i])) - b[i]
                    term[i] = factor * (d if stay[i] else zero)
                for i in range(t.size):
                    total[i] += term[i]
            else:
                for i in range(t.size):
                    d = np.float32(decode(t[i])) - b[i]
                    total[i] += factor * (d if stay[i] else zero)
        if agree:
            for i in range(o.size):
                majority[i] = one if total[i] >= zero else -one
            total[:] = zero
            for k in range(n_inputs):
                term = terms[k]
                for i in range(o.size):
                    total[i] += term[i] if majority[i] * term[i] > zero else zero
            if divides:
                divisor[:] = zero
                for k in range(n_inputs):
                    term, weight = terms[k], divisors[k]
                    for i in range(o.size):
                        divisor[i] += weight if majority[i] * term[i] > zero else zero
                for i in range(o.size):
                    total[i] /= one if divisor[i] == zero else divisor[i]
            for i in range(o.size):
                total[i] *= scale
        for i in range(o.size):
            o[i] = encode(b[i] + total[i], o[i])
            finite &= is_finite(o[i])
    return finite


@kernel
def stays_between(base: Any, tuned: Any, low: Any, high: Any, stays: Any) -> None:
    """stays[n] = whether |tuned[n] − base[n]| lies between two magnitudes (int32 bits of float32), both included."""
    b, d = np.empty(_STRIP, np.float32), np.empty(_STRIP, np.float32)
    bits = d.view(np.int32)
    for start in range(0, base.size, _STRIP):
        stop = min(start + _STRIP, base.size)
        decode_strip(base[start:stop], b)
        delta_strip(tuned[start:stop], b, d)
        stay = stays[start:stop]
        for i in range(stay.size):
            magnitude = bits[i] & _MAGNITUDE
            stay[i] = (magnitude >= low) & (magnitude <= high)


@kernel
def stays_first(base: Any, tuned: Any, magnitude: Any, n: int, stays: Any) -> None:
    """Set stays[i] to 0 for all elements of a magnitude (int32) of tuned − base but the first n."""
    b, d = np.empty(_STRIP, np.float32), np.empty(_STRIP, np.float32)
    bits = d.view(np.int32)
    for start in range(0, base.size, _STRIP):
        stop = min(start + _STRIP, base.size)
        decode_strip(base[start:stop], b)
        delta_strip(tuned[start:stop], b, d)
        stay = stays[start:stop]
        for i in range(stay.size):
            if bits[i] & _MAGNITUDE == magnitude:
                if n <= 0:
                    stay[i] = 0
                n -= 1
