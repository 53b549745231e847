"""The linear family: every method that is a weighted sum of base and deltas."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from ..kernels.linear import combine_two, convert

__all__ = ["LinearRule"]


@dataclass(frozen=True)
class LinearRule:
    """out = base + Σ_k weights[k] · (tuned[k] − base), in float64, rounded once. Unit: element.

    Where the weights are those of one input alone, that input is the result and no arithmetic is done:
    base + 1 · (tuned − base) may miss `tuned` by a rounding.
    """

    weights: tuple[float, ...]

    @property
    def selects(self) -> int | None:
        """The one input that is the result: 0 for the base, k + 1 for tuned[k]; None if it is a mixture."""
        used = [k for k, w in enumerate(self.weights) if w != 0]
        if not used:
            return 0
        return used[0] + 1 if len(used) == 1 and self.weights[used[0]] == 1 else None

    def apply(self, sources: Sequence[Any], out: Any) -> bool:
        """Write the merge of a block (base, tuned …) into `out`; whether all of it is finite."""
        if self.selects is not None:
            return bool(convert(sources[self.selects], out))
        base, first, second = sources
        return bool(combine_two(base, first, second, *self.weights, out))
