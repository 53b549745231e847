"""Parts of deltas, of stored numbers in one loop: their norms, and their sum added to the base.

One call does all blocks of a range: what stays of a block is found, kept in the second-level cache, and used at once.
Numbers are decoded, masked, added up in float32 and rounded once, in strips that stay in the first-level cache.

What stays is said by `how`, a tuple; the type of its first array tells which:

    by chance        probabilities float32 [K], keys uint64 [K], index of the first element in the streams of the keys
    by rank          lowest and highest probabilities float64 [K] (see `stays_by_rank`), keys, first index, row width
    by magnitude     rows int64 [K], limits int32 [n_blocks or 1, K, 2], ties int64 [T, 4] (see `stays_within`)
    as found before  uint8 [n_blocks, K, block / 8], 8 elements in a byte; it alone
"""

from __future__ import annotations

from typing import Any

import numpy as np

from ._compile import inlined, kernel, with_numba
from .codecs import decode, encode, is_finite
from .masked import decode_strip, stays_within
from .random import stays_by_chance
from .rank import stays_by_rank

__all__ = ["merge_stays", "stays_energies", "stays_norms"]

_STRIP = 256
_SPREAD = np.uint64(0x8040_2010_0804_0201)  # times 8 bits: bit j at place 8 (7 − j) + 7; times 8 bytes of 0 or 1: back
_LAST_BITS = np.uint64(0x8080_8080_8080_8080)


@inlined
def _by_chance(how: Any, base: Any, tuned: Any, index: int, start: int, stop: int, stays: Any) -> None:  # noqa: ARG001
    probabilities, keys, first = how
    for k in range(keys.size):
        stay, probability = stays[k, : stop - start], probabilities[k]
        if 0 < probability < 1:
            stays_by_chance(probability, keys[k], first + start, stay)
        else:
            stay[:] = probability > 0


@inlined
def _by_rank(how: Any, base: Any, tuned: Any, index: int, start: int, stop: int, stays: Any) -> None:  # noqa: ARG001
    lows, highs, keys, first, width = how
    for k in range(keys.size):
        stay, low, high = stays[k, : stop - start], lows[k], highs[k]
        if low > 0 and high < 1:
            stays_by_rank(base[start:stop], tuned[k][start:stop], width, low, high, keys[k], first + start, stay)
        else:
            stay[:] = low > 0


@inlined
def _by_magnitude(how: Any, base: Any, tuned: Any, index: int, start: int, stop: int, stays: Any) -> None:
    rows, limits, ties = how
    of_block = limits[min(index, limits.shape[0] - 1)]
    stays_within(base, tuned, rows, of_block, ties, index, start, stop, stays)


@inlined
def _as_before(how: Any, base: Any, tuned: Any, index: int, start: int, stop: int, stays: Any) -> None:  # noqa: ARG001
    packed = how[0][index]
    for k in range(packed.shape[0]):
        eights, bits = stays[k].view(np.uint64), packed[k]
        for i in range((stop - start + 7) // 8):
            eights[i] = ((np.uint64(bits[i]) * _SPREAD) & _LAST_BITS) >> np.uint64(7)


@inlined
def _pack(stays: Any, n: int, packed: Any) -> None:
    """packed[K, n / 8]: the first n of stays[K, …], 8 in a byte."""
    for k in range(packed.shape[0]):
        stays[k, n : (n + 7) // 8 * 8] = 0
        eights, bits = stays[k].view(np.uint64), packed[k]
        for i in range((n + 7) // 8):
            bits[i] = np.uint8((eights[i] * _SPREAD) >> np.uint64(56))


_CHOOSE = {"float32": _by_chance, "float64": _by_rank, "int64": _by_magnitude, "uint8": _as_before}


def _choose(how: Any, base: Any, tuned: Any, index: int, start: int, stop: int, stays: Any) -> None:
    """stays[K, :] = what stays of the elements `start` to `stop`, block `index` of this range."""
    _CHOOSE[how[0].dtype.name](how, base, tuned, index, start, stop, stays)


@with_numba
def _register() -> None:
    from numba.extending import overload

    @overload(_choose)
    def _choose_how(how, base, tuned, index, start, stop, stays):  # type: ignore[no-untyped-def]  # noqa: ARG001
        chosen = _CHOOSE[str(how[0].dtype)]
        return lambda how, base, tuned, index, start, stop, stays: chosen(how, base, tuned, index, start, stop, stays)


@kernel(fastmath={"reassoc"})
def stays_norms(base: Any, tuned: Any, how: Any, block: int, stays: Any, norms: Any, packed: Any) -> None:
    """Add Σ |delta_k| of all elements and of those that stay to norms[block, k], float64 [n_blocks, K, 2].

    `base` and the K arrays of the tuple `tuned` are stored numbers [n], delta_k = tuned[k] − base in float32. Additions
    may be reordered (see inner.py). A strip is summed in float32 and the strips in float64: twice as fast as float64
    alone, with a relative error of 1e-9.

    Args:
        block: elements in one; the first begins with the range.
        stays: room for uint8 [K, a block and what it lacks of a multiple of 8].
        packed: None, or filled with what stays, to be used as `how` later.
    """
    b = np.empty(_STRIP, np.float32)
    for index in range(norms.shape[0]):
        first, last = index * block, min((index + 1) * block, base.size)
        _choose(how, base, tuned, index, first, last, stays)
        for start in range(first, last, _STRIP):
            stop = min(start + _STRIP, last)
            decode_strip(base[start:stop], b)
            for k in range(len(tuned)):
                t, stay = tuned[k][start:stop], stays[k, start - first : stop - first]
                before = after = np.float32(0)
                for i in range(t.size):
                    size = abs(np.float32(decode(t[i])) - b[i])
                    before += size
                    after += size if stay[i] else np.float32(0)
                norms[index, k, 0] += np.float64(before)
                norms[index, k, 1] += np.float64(after)
        if packed is not None:
            _pack(stays, last - first, packed[index])


@kernel(fastmath={"reassoc"})
def stays_energies(base: Any, tuned: Any, how: Any, block: int, stays: Any, energies: Any) -> None:
    """Add Σ delta_k² over the elements that stay to energies[block, k], float64 [n_blocks, K]; as `stays_norms`."""
    b = np.empty(_STRIP, np.float32)
    for index in range(energies.shape[0]):
        first, last = index * block, min((index + 1) * block, base.size)
        _choose(how, base, tuned, index, first, last, stays)
        for start in range(first, last, _STRIP):
            stop = min(start + _STRIP, last)
            decode_strip(base[start:stop], b)
            for k in range(len(tuned)):
                t, stay = tuned[k][start:stop], stays[k, start - first : stop - first]
                energy = 0.0
                for i in range(t.size):
                    d = np.float32(decode(t[i])) - b[i]
                    d = d if stay[i] else np.float32(0)
                    energy += np.float64(d) * np.float64(d)
                energies[index, k] += energy


@kernel
def merge_stays(
    base: Any,
    tuned: Any,
    how: Any,
    block: int,
    stays: Any,
    votes: Any,
    agreeing: Any,
    floor: Any,
    scale: Any,
    out: Any,
) -> bool:
    """out[n] = base[n] + Σ_k votes[k] · delta_k[n] over the elements that stay; whether all of it is finite.

    With `agreeing`, float32 [2, K] of factors and weights, only inputs that agree are added:

        out[n] = base[n] + scale · Σ_k factors[k] · votes[k] · delta_k[n] / Σ_k weights[k]

    Those are the inputs whose votes[k] · delta_k[n] has the sign of Σ_k votes[k] · delta_k[n]; a sum of zero counts as
    positive, and a zero agrees with nothing. A divisor of zero becomes one, one below `floor` becomes `floor`. Weights
    of zero throughout divide by nothing. Arguments as of `stays_norms`; votes, floor and scale are float32.
    """
    zero, one = np.float32(0), np.float32(1)
    n_inputs = len(tuned)
    divides = False
    if agreeing is not None:
        for k in range(n_inputs):
            divides |= agreeing[1, k] != zero
    b, total = np.empty(_STRIP, np.float32), np.empty(_STRIP, np.float32)
    majority, divisor = np.empty(_STRIP, np.float32), np.empty(_STRIP, np.float32)
    terms = np.empty((n_inputs, _STRIP), np.float32)
    finite = True
    for index in range((out.size + block - 1) // block):
        first, last = index * block, min((index + 1) * block, out.size)
        _choose(how, base, tuned, index, first, last, stays)
        for start in range(first, last, _STRIP):  # each loop writes one array: with more, the compiler gives up vectors
            stop = min(start + _STRIP, last)
            o = out[start:stop]
            decode_strip(base[start:stop], b)
            total[:] = zero
            for k in range(n_inputs):
                t, stay, vote = tuned[k][start:stop], stays[k, start - first : stop - first], votes[k]
                if agreeing is None:
                    for i in range(t.size):
                        d = np.float32(decode(t[i])) - b[i]
                        total[i] += vote * (d if stay[i] else zero)
                else:
                    term = terms[k]
                    for i in range(t.size):
                        d = np.float32(decode(t[i])) - b[i]
                        term[i] = vote * (d if stay[i] else zero)
                    for i in range(t.size):
                        total[i] += term[i]
            if agreeing is not None:
                for i in range(o.size):
                    majority[i] = one if total[i] >= zero else -one
                total[:] = zero
                for k in range(n_inputs):
                    term, factor = terms[k], agreeing[0, k]
                    for i in range(o.size):
                        total[i] += factor * term[i] if majority[i] * term[i] > zero else zero
                if divides:
                    divisor[:] = zero
                    for k in range(n_inputs):
                        term, weight = terms[k], agreeing[1, k]
                        for i in range(o.size):
                            divisor[i] += weight if majority[i] * term[i] > zero else zero
                    for i in range(o.size):
                        least = divisor[i] if divisor[i] > floor else floor
                        total[i] /= one if divisor[i] == zero else least
                for i in range(o.size):
                    total[i] *= scale
            for i in range(o.size):
                o[i] = encode(b[i] + total[i], o[i])
                finite &= is_finite(o[i])
    return finite
