"""Inner products of float32 vectors, in float64.

Additions may be reordered, so that they run in vector registers (ten times faster). The sum of a block therefore
depends on the kind of CPU in its last bits; blocks are cut where the tensor says, never where threads or files do.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from ._compile import kernel
from .masked import decode_strip, delta_strip

__all__ = ["inner_products", "pair_products", "stored_products"]

_STRIP = 1024


@kernel(fastmath={"reassoc"})
def pair_products(a: Any, b: Any) -> tuple[float, float, float]:
    """a · a, a · b and b · b of float32 vectors, in one loop: twice as fast as one after the other."""
    first = both = second = 0.0
    for i in range(a.size):
        x, y = np.float64(a[i]), np.float64(b[i])
        first += x * x
        both += x * y
        second += y * y
    return first, both, second


@kernel(fastmath={"reassoc"})
def _add_products(vectors: Any, n: int, sums: Any) -> None:
    """As `inner_products`, of the first n elements."""
    n_inputs = vectors.shape[0]
    if n_inputs == 2:
        first, both, second = pair_products(vectors[0][:n], vectors[1][:n])
        sums[0, 0] += first
        sums[0, 1] += both
        sums[1, 0] += both
        sums[1, 1] += second
        return
    for j in range(n_inputs):
        for k in range(j, n_inputs):
            total = 0.0
            a, b = vectors[j][:n], vectors[k][:n]
            for i in range(a.size):
                total += np.float64(a[i]) * np.float64(b[i])
            sums[j, k] += total
            if k != j:
                sums[k, j] += total


@kernel
def inner_products(vectors: Any, sums: Any) -> None:
    """Add to sums[j, k], float64 [K, K], the inner product of vectors[j] and vectors[k], float32 [K, n]."""
    _add_products(vectors, vectors.shape[1], sums)


@kernel
def stored_products(base: Any, tuned: Any, block: int, sums: Any) -> None:
    """The same, block by block, for tuned[k] − base of stored numbers [n]: add to sums[b, j, k].

    Args:
        base: None counts as zero.
        tuned: K arrays of one format in a tuple.
        block: elements of a block; the last one may have fewer.

    Decoded strip by strip in the first-level cache: half the time of decoding into memory first.
    """
    n_inputs = len(tuned)
    of_base = np.empty(_STRIP, np.float32)
    vectors = np.empty((n_inputs, _STRIP), np.float32)
    for b in range(sums.shape[0]):
        end = min((b + 1) * block, tuned[0].size)
        for start in range(b * block, end, _STRIP):
            stop = min(start + _STRIP, end)
            if base is not None:
                decode_strip(base[start:stop], of_base)
            for k in range(n_inputs):
                if base is None:
                    decode_strip(tuned[k][start:stop], vectors[k])
                else:
                    delta_strip(tuned[k][start:stop], of_base, vectors[k])
            _add_products(vectors, stop - start, sums[b])
