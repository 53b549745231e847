"""Inner products of float32 vectors, in float64.

Additions may be reordered, so that they run in vector registers (ten times faster). The sum of a block therefore
depends on the kind of CPU in its last bits; blocks are cut where the tensor says, never where threads or files do.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from ._compile import kernel

__all__ = ["inner_products"]


@kernel(fastmath={"reassoc"})
def inner_products(vectors: Any, sums: Any) -> None:
    """Add to sums[j, k], float64 [K, K], the inner product of vectors[j] and vectors[k], float32 [K, n]."""
    for j in range(vectors.shape[0]):
        for k in range(j, vectors.shape[0]):
            total = 0.0
            a, b = vectors[j], vectors[k]
            for i in range(a.size):
                total += np.float64(a[i]) * np.float64(b[i])
            sums[j, k] += total
            if k != j:
                sums[k, j] += total
