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
def inner_products(vectors: Any, sums: Any) -> None:
    """Add to sums[j, k], float64 [K, K], the inner product of vectors[j] and vectors[k], float32 [K, n]."""
    if vectors.shape[0] == 2:
        first, both, second = pair_products(vectors[0], vectors[1])
        sums[0, 0] += first
        sums[0, 1] += both
        sums[1, 0] += both
        sums[1, 1] += second
        return
    for j in range(vectors.shape[0]):
        for k in range(j, vectors.shape[0]):
            total = 0.0
            a, b = vectors[j], vectors[k]
            for i in range(a.size):
                total += np.float64(a[i]) * np.float64(b[i])
            sums[j, k] += total
            if k != j:
                sums[k, j] += total


@kernel(fastmath={"reassoc"})
def stored_products(base: Any, tuned: Any, sums: Any) -> None:
    """The same for tuned[k] − base of stored numbers [n], K of one format in a tuple; `base` None counts as zero.

    Decoded strip by strip in the first-level cache: half the time of decoding into memory first.
    """
    n_inputs = len(tuned)
    of_base = np.empty(_STRIP, np.float32)
    vectors = np.empty((n_inputs, _STRIP), np.float32)
    for start in range(0, tuned[0].size, _STRIP):
        stop = min(start + _STRIP, tuned[0].size)
        if base is not None:
            decode_strip(base[start:stop], of_base)
        for k in range(n_inputs):
            if base is None:
                decode_strip(tuned[k][start:stop], vectors[k])
            else:
                delta_strip(tuned[k][start:stop], of_base, vectors[k])
        if n_inputs == 2:
            first, both, second = pair_products(vectors[0][: stop - start], vectors[1][: stop - start])
            sums[0, 0] += first
            sums[0, 1] += both
            sums[1, 0] += both
            sums[1, 1] += second
            continue
        for j in range(n_inputs):
            for k in range(j, n_inputs):
                total = 0.0
                a, b = vectors[j][: stop - start], vectors[k][: stop - start]
                for i in range(a.size):
                    total += np.float64(a[i]) * np.float64(b[i])
                sums[j, k] += total
                if k != j:
                    sums[k, j] += total
