"""One of two models, element by element, by how important their difference is.

importance = |other − base| · factors[row]   float32, of stored numbers in rows of `width`
"""

from __future__ import annotations

from typing import Any

import numpy as np

from ._compile import inlined, kernel
from .codecs import decode
from .magnitude import count_bins, count_within

__all__ = ["choose_where_important", "count_importance_bins", "count_importance_within"]

_STRIP = 4096  # of as many whole rows as fit, one at least


@inlined
def _importance(base: Any, other: Any, width: int, factors: Any, out: Any) -> None:
    for row in range(factors.size):
        start, stop = row * width, (row + 1) * width
        a, b, o, factor = base[start:stop], other[start:stop], out[start:stop], factors[row]
        for i in range(o.size):
            o[i] = abs(np.float32(decode(b[i])) - np.float32(decode(a[i]))) * factor


@kernel
def count_importance_bins(base: Any, other: Any, width: int, factors: Any, counts: Any) -> None:
    """Add the number of elements whose importance is in each bin to counts, as `count_bins`."""
    n_rows = max(1, _STRIP // width)
    strip = np.empty(n_rows * width, np.float32)
    bits = strip.view(np.int32)
    for row in range(0, factors.size, n_rows):
        some = factors[row : row + n_rows]
        start, n = row * width, some.size * width
        _importance(base[start : start + n], other[start : start + n], width, some, strip[:n])
        count_bins(bits[:n], counts)


@kernel
def count_importance_within(base: Any, other: Any, width: int, factors: Any, firsts: Any, counts: Any) -> None:
    """Add the number of elements of importance firsts[m] + j (float32 bits) to counts[m, j], as `count_within`."""
    n_rows = max(1, _STRIP // width)
    strip = np.empty(n_rows * width, np.float32)
    bits = strip.view(np.int32)
    for row in range(0, factors.size, n_rows):
        some = factors[row : row + n_rows]
        start, n = row * width, some.size * width
        _importance(base[start : start + n], other[start : start + n], width, some, strip[:n])
        count_within(bits[:n], firsts, counts)


@kernel
def choose_where_important(base: Any, other: Any, width: int, factors: Any, threshold: Any, out: Any) -> None:
    """out[n] = other[n] where its importance (see above) is at least the threshold, else base[n]; one number format."""
    for row in range(factors.size):
        start, stop = row * width, (row + 1) * width
        a, b, o, factor = base[start:stop], other[start:stop], out[start:stop], factors[row]
        for i in range(o.size):
            size = abs(np.float32(decode(b[i])) - np.float32(decode(a[i]))) * factor
            o[i] = b[i] if size >= threshold else a[i]
