"""Inner products and weighted sums of float32 vectors row by row or column by column, in float64.

As in inner.py, additions within a row may be reordered, so that they run in vector registers. Rows are never cut.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from ._compile import kernel
from .inner import pair_products

__all__ = ["column_products", "combine_columns", "combine_rows", "row_products"]


@kernel(fastmath={"reassoc"})
def row_products(vectors: Any, width: int, grams: Any) -> None:
    """Write grams[r, j, k], float64 [n_rows, K, K]: the inner product of row r of vectors[j] and of vectors[k].

    `vectors` is float32 [K, n_rows · width].
    """
    for row in range(grams.shape[0]):
        start = row * width
        if vectors.shape[0] == 2:
            a, b = vectors[0, start : start + width], vectors[1, start : start + width]
            grams[row, 0, 0], grams[row, 0, 1], grams[row, 1, 1] = pair_products(a, b)
            grams[row, 1, 0] = grams[row, 0, 1]
            continue
        for j in range(vectors.shape[0]):
            for k in range(j, vectors.shape[0]):
                a, b = vectors[j, start : start + width], vectors[k, start : start + width]
                total = 0.0
                for i in range(a.size):
                    total += np.float64(a[i]) * np.float64(b[i])
                grams[row, j, k] = total
                grams[row, k, j] = total


@kernel
def combine_rows(base: Any, vectors: Any, width: int, weights: Any, out: Any) -> None:
    """out[n] = base[n] + Σ_k weights[row, k] · vectors[k, n]; `base` None counts as zero.

    `weights` is float64 [n_rows, K], everything else float32.
    """
    sums = np.empty(width)
    for row in range(weights.shape[0]):
        start = row * width
        o = out[start : start + width]
        if base is None:
            sums[:] = 0.0
        else:
            sums[:] = base[start : start + width]
        for k in range(0, vectors.shape[0] - 1, 2):
            a, b = vectors[k, start : start + width], vectors[k + 1, start : start + width]
            first, second = weights[row, k], weights[row, k + 1]
            for i in range(width):
                sums[i] += first * np.float64(a[i]) + second * np.float64(b[i])
        if vectors.shape[0] % 2:
            a, first = vectors[vectors.shape[0] - 1, start : start + width], weights[row, vectors.shape[0] - 1]
            for i in range(width):
                sums[i] += first * np.float64(a[i])
        for i in range(width):
            o[i] = sums[i]


@kernel
def column_products(vectors: Any, grams: Any) -> None:
    """Add to grams[j, k, c], float64 [K, K, n_columns], the inner product of column c of vectors[j] and of vectors[k].

    `vectors` is float32 [K, n_rows · n_columns].
    """
    width = grams.shape[2]
    for start in range(0, vectors.shape[1], width):
        for j in range(vectors.shape[0]):
            for k in range(vectors.shape[0]):
                a, b, sums = vectors[j, start : start + width], vectors[k, start : start + width], grams[j, k]
                for i in range(a.size):
                    sums[i] += np.float64(a[i]) * np.float64(b[i])


@kernel
def combine_columns(base: Any, vectors: Any, weights: Any, out: Any) -> None:
    """out[n] = base[n] + Σ_k weights[k, column] · vectors[k, n]; `base` None counts as zero.

    `weights` is float64 [K, n_columns], everything else float32.
    """
    width = weights.shape[1]
    sums = np.empty(width)
    for start in range(0, out.size, width):
        if base is None:
            sums[:] = 0.0
        else:
            sums[:] = base[start : start + width]
        for k in range(vectors.shape[0]):
            vector, factors = vectors[k, start : start + width], weights[k]
            for i in range(vector.size):
                sums[i] += factors[i] * np.float64(vector[i])
        out[start : start + width] = sums
