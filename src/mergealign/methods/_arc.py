"""Places on the arc between two vectors, from their inner products alone: for one pair, or for many at once."""

from __future__ import annotations

from typing import Any

import numpy as np

__all__ = ["arc_weights", "cosine"]

TINY = 1e-8
"""A vector shorter than this counts as zero: it has no direction."""


def cosine(gram: Any) -> Any:
    """cos Ω of two vectors, float64 […], from their inner products [… , 2, 2]; 0 where one of them is zero."""
    first, second = np.sqrt(gram[..., 0, 0]), np.sqrt(gram[..., 1, 1])
    known = (first > TINY) & (second > TINY)
    return np.where(known, np.clip(gram[..., 0, 1] / np.where(known, first * second, 1.0), -1, 1), 0.0)


def arc_weights(cosines: Any, t: float, *, straight: Any) -> Any:
    """Weights [… , 2] of two vectors at `t` of the way from the first to the second.

        sin((1 − t) Ω) / sin Ω,  sin(t Ω) / sin Ω

    Where `straight` holds, there is no arc (or none that can be told from a line): 1 − t and t.
    """
    angle = np.arccos(np.where(straight, 0.0, cosines))
    arc = np.stack([np.sin((1 - t) * angle), np.sin(t * angle)], axis=-1) / np.sin(angle)[..., None]
    return np.where(np.asarray(straight)[..., None], [1 - t, t], arc)
