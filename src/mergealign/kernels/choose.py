"""One of two models, element by element."""

from __future__ import annotations

from typing import Any

from ._compile import kernel
from .codecs import decode, encode, is_finite

__all__ = ["choose"]


@kernel
def choose(first: Any, second: Any, scores: Any, threshold: Any, out: Any) -> bool:
    """out[n] = second[n] where scores[n] ≥ threshold, else first[n], of stored numbers; whether all of it is finite."""
    finite = True
    for i in range(out.size):
        value = decode(second[i]) if scores[i] >= threshold else decode(first[i])
        out[i] = encode(value, out[i])
        finite &= is_finite(out[i])
    return finite
