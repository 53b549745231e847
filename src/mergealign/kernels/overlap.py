"""Elements that one input changed, and elements that several did; all float32.

In strips that stay in the first-level cache, so that every loop is vector code for any number of inputs.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from ._compile import kernel

__all__ = ["count_overlaps", "merge_overlaps"]

_STRIP = 1024


@kernel
def merge_overlaps(base: Any, deltas: Any, epsilon: Any, scales: Any, out: Any) -> None:
    """out[n] = base[n] + (scales[k] · deltas[k, n] where k alone exceeds epsilon, the mean where several do)."""
    zero, one = np.float32(0), np.float32(1)
    plain = np.empty(_STRIP, np.float32)
    scaled = np.empty(_STRIP, np.float32)
    count = np.empty(_STRIP, np.float32)
    for start in range(0, out.size, _STRIP):
        b, o = base[start : start + _STRIP], out[start : start + _STRIP]
        plain[:] = zero
        scaled[:] = zero
        count[:] = zero
        for k in range(deltas.shape[0]):
            d, scale = deltas[k, start : start + _STRIP], scales[k]
            for i in range(d.size):
                kept = d[i] if abs(d[i]) > epsilon else zero
                plain[i] += kept
                scaled[i] += scale * kept
                count[i] += one if abs(d[i]) > epsilon else zero
        for i in range(o.size):
            o[i] = b[i] + (plain[i] / count[i] if count[i] > one else scaled[i])


@kernel
def count_overlaps(deltas: Any, epsilon: Any, counts: Any) -> None:
    """Add to counts[k], int64 [K, 2], the elements that input k alone changed, and those that others did as well."""
    several = np.empty(_STRIP, np.int32)
    for start in range(0, deltas.shape[1], _STRIP):
        several[:] = 0
        for k in range(deltas.shape[0]):
            d = deltas[k, start : start + _STRIP]
            for i in range(d.size):
                several[i] += np.int32(abs(d[i]) > epsilon)
        for k in range(deltas.shape[0]):
            d = deltas[k, start : start + _STRIP]
            unique = shared = np.int32(0)
            for i in range(d.size):
                changed = abs(d[i]) > epsilon
                unique += np.int32(changed & (several[i] == 1))
                shared += np.int32(changed & (several[i] > 1))
            counts[k, 0] += unique
            counts[k, 1] += shared
