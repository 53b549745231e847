"""Deltas added to the base: those that agree with the sign of their weighted sum.

In float32, in strips that stay in the first-level cache, so that every loop is vector code for any number of inputs.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from ._compile import kernel

__all__ = ["add_agreeing"]

_STRIP = 1024


@kernel
def add_agreeing(
    base: Any, deltas: Any, votes: Any, factors: Any, weights: Any, floor: Any, scale: Any, out: Any
) -> None:
    """out[n] = base[n] + scale · Σ_k factors[k] · deltas[k, n] / Σ_k weights[k], over the inputs k that agree.

    Those are the inputs whose votes[k] · deltas[k, n] has the sign of Σ_k votes[k] · deltas[k, n]; a sum of zero counts
    as positive, and a zero agrees with nothing. A divisor of zero becomes one, one below `floor` becomes `floor`.
    Weights of zero throughout divide by nothing. All float32.
    """
    zero, one = np.float32(0), np.float32(1)
    majority = np.empty(_STRIP, np.float32)
    total = np.empty(_STRIP, np.float32)
    divisor = np.empty(_STRIP, np.float32)
    for start in range(0, out.size, _STRIP):
        b, o = base[start : start + _STRIP], out[start : start + _STRIP]
        majority[:] = zero
        total[:] = zero
        divisor[:] = zero
        for k in range(deltas.shape[0]):
            d, vote = deltas[k, start : start + _STRIP], votes[k]
            for i in range(d.size):
                majority[i] += vote * d[i]
        for i in range(o.size):
            majority[i] = one if majority[i] >= zero else -one
        for k in range(deltas.shape[0]):
            d, vote, factor, weight = deltas[k, start : start + _STRIP], votes[k], factors[k], weights[k]
            for i in range(d.size):
                agrees = majority[i] * (vote * d[i]) > zero
                total[i] += factor * d[i] if agrees else zero
                divisor[i] += weight if agrees else zero
        for i in range(o.size):
            divided_by = one if divisor[i] == zero else max(divisor[i], floor)
            o[i] = b[i] + total[i] / divided_by * scale
