"""How much the inputs differ at each element, and what is left where they do not."""

from __future__ import annotations

from typing import Any

import numpy as np

from ._compile import kernel

__all__ = ["clear_where_zero", "variance"]

_STRIP = 1024


@kernel
def variance(vectors: Any, out: Any) -> None:
    """out[n] = Σ_k (vectors[k, n] − mean)² / K, in float32: vectors [K, n].

    The mean is taken relative to the first vector, so that equal elements have a variance of exactly zero.
    """
    n_vectors = np.float32(vectors.shape[0])
    mean, total = np.empty(_STRIP, np.float32), np.empty(_STRIP, np.float32)
    for start in range(0, out.size, _STRIP):
        o, first = out[start : start + _STRIP], vectors[0, start : start + _STRIP]
        for i in range(o.size):
            mean[i] = total[i] = np.float32(0)
        for k in range(1, vectors.shape[0]):
            v = vectors[k, start : start + _STRIP]
            for i in range(v.size):
                mean[i] += v[i] - first[i]
        for i in range(o.size):
            mean[i] = first[i] + mean[i] / n_vectors
        for k in range(vectors.shape[0]):
            v = vectors[k, start : start + _STRIP]
            for i in range(v.size):
                total[i] += (v[i] - mean[i]) * (v[i] - mean[i])
        for i in range(o.size):
            o[i] = total[i] / n_vectors


@kernel
def clear_where_zero(where: Any, vectors: Any) -> None:
    """Set vectors[:, n] to zero where where[n] is zero; float32."""
    for k in range(vectors.shape[0]):
        v = vectors[k]
        for i in range(where.size):
            v[i] = v[i] if where[i] != np.float32(0) else np.float32(0)
