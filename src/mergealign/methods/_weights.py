"""Weights that are divided by their sum."""

from __future__ import annotations

from collections.abc import Sequence

__all__ = ["normalized"]

NO_SUM = 1e-9
"""A sum this small beside the sum of magnitudes is a zero that rounding has missed."""


def normalized(weights: Sequence[float]) -> tuple[float, ...]:
    """The weights divided by their sum. Raises ValueError where they sum to zero."""
    total = sum(weights)
    if not abs(total) > NO_SUM * sum(map(abs, weights)):
        shown = ", ".join(f"{w:g}" for w in weights)
        raise ValueError(f"weight: the weights {shown} sum to zero and cannot be normalized")
    return tuple(w / total for w in weights)
