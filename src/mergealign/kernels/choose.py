"""One of two models, element by element."""

from __future__ import annotations

from typing import Any

from ._compile import kernel

__all__ = ["choose"]


@kernel
def choose(first: Any, second: Any, scores: Any, threshold: Any, out: Any) -> None:
    """out[n] = second[n] where scores[n] ≥ threshold, else first[n]; all three of one number format."""
    for i in range(out.size):
        out[i] = second[i] if scores[i] >= threshold else first[i]
