"""A random part of the difference of two models, added to a third."""

from __future__ import annotations

from typing import Any

import numpy as np

from ._compile import kernel
from .codecs import decode, encode, is_finite
from .random import uniform

__all__ = ["add_thinned"]


@kernel
def add_thinned(
    model: Any, plus: Any, minus: Any, factor: float, density: float, key: Any, first: Any, out: Any
) -> bool:
    """out[n] = model[n] + factor · (plus[n] − minus[n]) with probability `density`, else model[n]; of stored numbers.

    Returns whether all of it is finite. `first` is the index of element 0 in the stream of `key` (uint64).
    """
    finite = True
    limit = np.float32(density)
    for i in range(out.size):
        stays = uniform(key, first + np.uint64(i)) < limit
        change = factor * (decode(plus[i]) - decode(minus[i]))
        out[i] = encode(decode(model[i]) + (change if stays else 0.0), out[i])
        finite &= is_finite(out[i])
    return finite
