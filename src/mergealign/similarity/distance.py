"""How far two tensors, or two models, are apart: sums, and the measures made of them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from math import inf, isfinite, nan, sqrt
from typing import Any

__all__ = ["Distance", "total"]


@dataclass(frozen=True)
class Distance:
    """Sums over elements a of A and b of B.

    Attributes:
        n_elements: compared.
        n_changed: with b ≠ a as numbers, whatever the dtypes; NaN equals NaN.
        n_non_finite_a, n_non_finite_b: NaN or infinite.
        aa, bb, ab, dd: Σ a², Σ b², Σ a·b, Σ (b − a)²; NaN where they mean nothing: integers, numbers not finite.
        largest: max |b − a|, likewise.
    """

    n_elements: int = 0
    n_changed: int = 0
    n_non_finite_a: int = 0
    n_non_finite_b: int = 0
    aa: float = nan
    bb: float = nan
    ab: float = nan
    dd: float = nan
    largest: float = nan

    @property
    def is_measured(self) -> bool:
        """Whether the sums mean something."""
        return all(map(isfinite, (self.aa, self.bb, self.ab, self.dd)))

    @property
    def relative_norm(self) -> float | None:
        """‖B − A‖ / ‖A‖; 0 where both are zero, None where only A is or where it cannot be measured."""
        if not self.is_measured or (self.aa == 0 and self.dd > 0):
            return None
        return sqrt(self.dd) / sqrt(self.aa) if self.dd else 0.0

    @property
    def cosine(self) -> float | None:
        """⟨A, B⟩ / (‖A‖ ‖B‖), in [−1, 1]; None where one is zero or where it cannot be measured."""
        if not self.is_measured or self.aa == 0 or self.bb == 0:
            return None
        return max(-1.0, min(1.0, self.ab / (sqrt(self.aa) * sqrt(self.bb)))) if self.dd else 1.0

    @property
    def share_changed(self) -> float | None:
        """Changed by compared elements; None where none were compared."""
        return self.n_changed / self.n_elements if self.n_elements else None

    @property
    def rank(self) -> float:
        """For sorting: the relative norm; infinite for what changed and has none."""
        return (inf if self.n_changed else 0.0) if self.relative_norm is None else self.relative_norm

    def describe(self) -> dict[str, Any]:
        """As plain values; null where a measure does not exist."""
        return {
            "n_elements": self.n_elements,
            "n_changed": self.n_changed,
            "share_changed": self.share_changed,
            "relative_norm": self.relative_norm,
            "cosine": self.cosine,
            "largest": self.largest if self.is_measured else None,
            "n_non_finite": {"a": self.n_non_finite_a, "b": self.n_non_finite_b},
        }


def total(distances: Iterable[Distance]) -> Distance:
    """All counts added up, and the sums of those that have any."""
    distances = tuple(distances)
    measured = [d for d in distances if d.is_measured]
    return Distance(
        n_elements=sum(d.n_elements for d in distances),
        n_changed=sum(d.n_changed for d in distances),
        n_non_finite_a=sum(d.n_non_finite_a for d in distances),
        n_non_finite_b=sum(d.n_non_finite_b for d in distances),
        aa=sum(d.aa for d in measured) if measured else nan,
        bb=sum(d.bb for d in measured) if measured else nan,
        ab=sum(d.ab for d in measured) if measured else nan,
        dd=sum(d.dd for d in measured) if measured else nan,
        largest=max((d.largest for d in measured), default=nan),
    )
