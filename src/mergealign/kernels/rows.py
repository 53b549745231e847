"""Inner products and weighted sums of float32 vectors row by row or column by column, in float64.

As in inner.py, additions within a row may be reordered, so that they run in vector registers. Rows are never cut.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from ._compile import kernel
from .inner import pair_products

__all__ = ["column_products", "combine_columns", "combine_rows", "row_products"]

_STRIP = 1024


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
    sums = np.empty(_STRIP)
    zeros = np.zeros(_STRIP, np.float32)
    n_pairs = vectors.shape[0] // 2
    for row in range(weights.shape[0]):
        for start in range(row * width, (row + 1) * width, _STRIP):
            stop = min(start + _STRIP, (row + 1) * width)
            o = out[start:stop]
            b = zeros if base is None else base[start:stop]
            for i in range(o.size):
                sums[i] = np.float64(b[i])
            for pair in range(n_pairs):
                x, y = vectors[2 * pair, start:stop], vectors[2 * pair + 1, start:stop]
                first, second = weights[row, 2 * pair], weights[row, 2 * pair + 1]
                for i in range(o.size):
                    sums[i] += first * np.float64(x[i]) + second * np.float64(y[i])
            for k in range(2 * n_pairs, vectors.shape[0]):
                x, first = vectors[k, start:stop], weights[row, k]
                for i in range(o.size):
                    sums[i] += first * np.float64(x[i])
            for i in range(o.size):
                o[i] = np.float32(sums[i])


@kernel
def column_products(vectors: Any, grams: Any) -> None:
    """Fill grams[j, k, c], float64 [K, K, n_columns], zeros before: products of column c of vectors[j] and vectors[k].

    `vectors` is float32 [K, n_rows · n_columns].
    """
    n_inputs, width = vectors.shape[0], grams.shape[2]
    for start in range(0, vectors.shape[1], width):
        for j in range(n_inputs):
            for k in range(j, n_inputs):
                a, b, sums = vectors[j, start : start + width], vectors[k, start : start + width], grams[j, k]
                for i in range(sums.size):
                    sums[i] += np.float64(a[i]) * np.float64(b[i])
    for j in range(n_inputs):
        for k in range(j):
            for c in range(width):
                grams[j, k, c] = grams[k, j, c]


@kernel
def combine_columns(base: Any, vectors: Any, weights: Any, out: Any) -> None:
    """out[n] = base[n] + Σ_k weights[k, column] · vectors[k, n]; `base` None counts as zero.

    `weights` is float64 [K, n_columns], everything else float32.
    """
    width = weights.shape[1]
    sums = np.empty(width)
    for start in range(0, out.size, width):
        for i in range(width):
            sums[i] = 0.0 if base is None else np.float64(base[start + i])
        for k in range(vectors.shape[0]):
            vector, factors = vectors[k, start : start + width], weights[k]
            for i in range(vector.size):
                sums[i] += factors[i] * np.float64(vector[i])
        for i in range(width):
            out[start + i] = np.float32(sums[i])
