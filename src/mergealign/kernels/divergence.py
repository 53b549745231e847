"""How much two rows differ when each is read as logits: the Kullback–Leibler divergence of their softmax."""

from __future__ import annotations

from math import exp, log, log1p
from typing import Any

import numpy as np

from ._compile import kernel

__all__ = ["row_divergences"]

_STRIP = 256
_SMALL_LOGIT = np.float32(1.0)
_SMALL_DELTA = np.float32(0.125)

# exp(z) for |z| ≤ 1/4, expm1(s) / s and (s e^s − e^s + 1) / s² for |s| ≤ 1/4: Taylor series, relative error below 1e-7
_EXP = tuple(np.float32(c) for c in (1, 1, 1 / 2, 1 / 6, 1 / 24, 1 / 120, 1 / 720))
_EXPM1 = tuple(np.float32(c) for c in (1, 1 / 2, 1 / 6, 1 / 24, 1 / 120, 1 / 720))
_BREGMAN = tuple(np.float32(c) for c in (1 / 2, 1 / 3, 1 / 8, 1 / 30, 1 / 144, 1 / 840))


@kernel(fastmath={"reassoc", "contract", "nnan", "nsz"})
def row_divergences(base: Any, delta: Any, width: int, out: Any) -> None:
    """Write out[row], float64 [n_rows]: KL(softmax(base + delta) ‖ softmax(base)) of each row, at least 0.

    `base` and `delta` are float32 [n_rows · width], finite. With q = softmax(base), s = delta shifted by any constant,
    and E = 1 + η = Σ q e^s, the divergence is

        Σ q (s e^s − e^s + 1) / E + η / E − log(1 + η)

    where every term of the sum is positive, and the rest is of the order of η²: nothing cancels, however small `delta`
    is, once the shift has made Σ q s small. That is done for rows of small numbers, in float32 with sums in float64;
    other rows are done by the definition, in float64.
    """
    for row in range(out.size):
        y, d = base[row * width : (row + 1) * width], delta[row * width : (row + 1) * width]
        n_large = np.int32(0)
        shift = np.float32(0)
        for i in range(width):
            n_large += np.int32((abs(y[i]) > _SMALL_LOGIT) | (abs(d[i]) > _SMALL_DELTA))
            shift += d[i]
        if n_large == 0:
            middle = shift / np.float32(width)
            total = moved = bregman = 0.0
            for start in range(0, width, _STRIP):
                y_strip, d_strip = y[start : start + _STRIP], d[start : start + _STRIP]
                some, some_moved, some_bregman = np.float32(0), np.float32(0), np.float32(0)
                for i in range(y_strip.size):
                    z = y_strip[i] * np.float32(0.25)
                    e = _EXP[5] + z * _EXP[6]
                    e = _EXP[4] + z * e
                    e = _EXP[3] + z * e
                    e = _EXP[2] + z * e
                    e = _EXP[1] + z * e
                    e = _EXP[0] + z * e
                    e = e * e
                    s = d_strip[i] - middle
                    m = _EXPM1[4] + s * _EXPM1[5]
                    m = _EXPM1[3] + s * m
                    m = _EXPM1[2] + s * m
                    m = _EXPM1[1] + s * m
                    m = _EXPM1[0] + s * m
                    f = _BREGMAN[4] + s * _BREGMAN[5]
                    f = _BREGMAN[3] + s * f
                    f = _BREGMAN[2] + s * f
                    f = _BREGMAN[1] + s * f
                    f = _BREGMAN[0] + s * f
                    q = e * e
                    some += q
                    some_moved += q * s * m
                    some_bregman += q * s * (s * f)
                total += np.float64(some)
                moved += np.float64(some_moved)
                bregman += np.float64(some_bregman)
            eta = moved / total
            out[row] = max(0.0, (bregman / total + eta) / (1 + eta) - log1p(eta))
        else:
            top, top_moved = y[0], y[0] + d[0]
            for i in range(width):
                top = max(top, y[i])
                top_moved = max(top_moved, y[i] + d[i])
            total = total_moved = pulled = 0.0
            for i in range(width):
                p = exp(np.float64(y[i]) + np.float64(d[i]) - np.float64(top_moved))
                total += exp(np.float64(y[i]) - np.float64(top))
                total_moved += p
                pulled += p * np.float64(d[i])
            apart = np.float64(top_moved) - np.float64(top) + log(total_moved) - log(total)
            out[row] = max(0.0, pulled / total_moved - apart)
