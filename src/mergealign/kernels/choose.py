"""One of two models, element by element."""

from __future__ import annotations

from typing import Any

import numpy as np

from ._compile import kernel
from .codecs import decode

__all__ = ["choose_where_important", "importance"]


@kernel
def importance(base: Any, other: Any, width: int, factors: Any, out: Any) -> None:
    """out[n] = |other[n] − base[n]| · factors[row], float32, of stored numbers in rows of `width`."""
    for row in range(factors.size):
        start, stop = row * width, (row + 1) * width
        a, b, o, factor = base[start:stop], other[start:stop], out[start:stop], factors[row]
        for i in range(o.size):
            o[i] = abs(np.float32(decode(b[i])) - np.float32(decode(a[i]))) * factor


@kernel
def choose_where_important(base: Any, other: Any, width: int, factors: Any, threshold: Any, out: Any) -> None:
    """out[n] = other[n] where its importance (see above) is at least the threshold, else base[n]; one number format."""
    for row in range(factors.size):
        start, stop = row * width, (row + 1) * width
        a, b, o, factor = base[start:stop], other[start:stop], out[start:stop], factors[row]
        for i in range(o.size):
            size = abs(np.float32(decode(b[i])) - np.float32(decode(a[i]))) * factor
            o[i] = b[i] if size >= threshold else a[i]
