"""Weights of vectors from the angles between them, for many groups of vectors at once; all float64."""

from __future__ import annotations

from math import acos, sin, sqrt
from typing import Any

from ._compile import inlined, kernel

__all__ = ["arc_weights", "stock_weights"]

_TINY = 1e-16  # a squared length up to here is that of no vector
_SINGULAR = 1e-6


@inlined
def _cosine(gram: Any, j: int, k: int) -> float:
    """cos of the angle between vectors j and k from their inner products [K, K]; 0 where one of them is zero."""
    if gram[j, j] <= _TINY or gram[k, k] <= _TINY:
        return 0.0
    return min(1.0, max(-1.0, gram[j, k] / (sqrt(gram[j, j]) * sqrt(gram[k, k]))))


@kernel
def arc_weights(grams: Any, t: float, straight: float, weights: Any) -> None:
    """Write weights [n, 2] of two vectors at `t` of the way from the first to the second, along the arc between them.

        sin((1 − t) Ω) / sin Ω,  sin(t Ω) / sin Ω

    or, where sin² Ω ≤ straight, along the line: 1 − t and t. `grams` are their inner products [n, 2, 2].
    """
    for i in range(weights.shape[0]):
        cosine = _cosine(grams[i], 0, 1)
        weights[i, 0], weights[i, 1] = 1 - t, t
        if 1 - cosine * cosine > straight:
            angle = acos(cosine)
            weights[i, 0], weights[i, 1] = sin((1 - t) * angle) / sin(angle), sin(t * angle) / sin(angle)


@kernel
def stock_weights(grams: Any, weights: Any) -> None:
    """Write weights [n, N], t / N throughout, with t = N c / (1 + (N − 1) c) and c the mean cosine of all pairs.

    `grams` are inner products [n, N, N]. Where the divisor vanishes, t is 0.
    """
    n = weights.shape[1]
    for i in range(weights.shape[0]):
        total = 0.0
        for j in range(n):
            for k in range(j + 1, n):
                total += _cosine(grams[i], j, k)
        mean = total / (n * (n - 1) / 2)
        divisor = 1 + (n - 1) * mean
        weights[i, :] = 0.0 if abs(divisor) < _SINGULAR else mean / divisor
