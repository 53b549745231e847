"""The linear family: every method that is a weighted sum of base and deltas, or of whole models."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, ClassVar

import numpy as np

from ..kernels.codecs import BFLOAT16
from ..kernels.linear import combine, convert
from ..kernels.narrow import combine_narrow, fits_narrow, narrow_ratio
from ._rule import Rule, Span

__all__ = ["LinearRule", "alike", "all_bfloat16"]

_STORED_BFLOAT16 = np.dtype(BFLOAT16)


@dataclass(frozen=True)
class LinearRule(Rule):
    """out = base + Σ_k weights[k] · (tuned[k] − base), or Σ_k weights[k] · model[k] without a base; unit: element.

    Computed in float64, rounded once. Where the weights are those of one input alone, that input is the result and no
    arithmetic is done: base + 1 · (tuned − base) may miss `tuned` by a rounding.
    """

    shows_nan: ClassVar[bool] = True
    weights: tuple[float, ...]
    has_base: bool = True

    @cached_property
    def _narrow(self) -> tuple[tuple[np.float32, ...], np.float32 | None] | None:
        """Weights and ratio of `combine_narrow`, where it can serve."""
        if not fits_narrow(self.weights):
            return None
        ratio = narrow_ratio(self.weights)
        return tuple(map(np.float32, self.weights)), np.float32(ratio) if ratio else None

    @cached_property
    def selects(self) -> int | None:
        """0 for the base, k + 1 for tuned[k] (k without a base); None if the result is a mixture."""
        used = [k for k, w in enumerate(self.weights) if w != 0]
        if not used:
            return 0 if self.has_base else None
        return used[0] + self.has_base if len(used) == 1 and self.weights[used[0]] == 1 else None

    def apply(self, sources: Sequence[Any], out: Any, span: Span, known: Sequence[Any]) -> bool:  # noqa: ARG002
        if self.selects is not None:
            return bool(convert(sources[self.selects], out))
        base, tuned = (sources[0], sources[1:]) if self.has_base else (None, sources)
        if self._narrow is not None and all_bfloat16(*sources, out):
            return bool(combine_narrow(base, tuple(tuned), self.weights, *self._narrow, out))
        return bool(combine(base, alike(tuned), self.weights, out))


def all_bfloat16(*arrays: Any) -> bool:
    """Whether all of these are stored bfloat16 numbers, which compiled loops may take in float32."""
    return {a.dtype for a in arrays} == {_STORED_BFLOAT16}


def alike(sources: Sequence[Any]) -> tuple[Any, ...]:
    """The sources in one format, the widest of them, into which all others fit exactly."""
    if len({s.dtype for s in sources}) == 1:
        return tuple(sources)
    wide = np.float64 if any(s.dtype == np.float64 for s in sources) else np.float32
    widened = []
    for source in sources:
        out = source if source.dtype == wide else np.empty(source.size, wide)
        if out is not source:
            convert(source, out)
        widened.append(out)
    return tuple(widened)
