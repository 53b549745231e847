"""The front of knowledge and safety, and the area under it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

__all__ = ["REFERENCE", "Outcome", "front", "hypervolume"]


class Outcome(NamedTuple):
    """Two objectives in [0, 1], both the more the better."""

    knowledge: float
    safety: float


REFERENCE = Outcome(0.0, 0.0)
"""Where the area begins: knows nothing, safe never. Fixed, so that areas of different searches can be compared."""


def front(outcomes: Sequence[Outcome]) -> list[int]:
    """Which outcomes no other one beats: as good in both, and better in one. Of equal ones the first counts."""
    order = sorted(range(len(outcomes)), key=lambda n: (-outcomes[n].knowledge, -outcomes[n].safety, n))
    found: list[int] = []
    best = float("-inf")
    for n in order:
        if outcomes[n].safety > best:
            found.append(n)
            best = outcomes[n].safety
    return sorted(found)


def hypervolume(outcomes: Sequence[Outcome], reference: Outcome = REFERENCE) -> float:
    """The area of all that some outcome dominates and that dominates `reference`: ∪ [reference, outcome]."""
    area, height = 0.0, reference.safety
    for knowledge, safety in sorted(outcomes, reverse=True):
        if knowledge > reference.knowledge and safety > height:
            area += (knowledge - reference.knowledge) * (safety - height)
            height = safety
    return area
