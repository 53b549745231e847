"""Inner products of float32 vectors, in float64.

Additions may be reordered, so that they run in vector registers (ten times faster). The sum of a block therefore
depends on the kind of CPU in its last bits; blocks are cut where the tensor says, never where threads or files do.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from ._compile import kernel

__all__ = ["inner_products", "pair_products"]


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
