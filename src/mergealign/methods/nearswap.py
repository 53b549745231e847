"""NearSwap: the base, moved towards the other model by at most t in each element.

    merged = base + min(1, t / |d|) · d = base + clip(d, −t, t),   d = other − base

From https://huggingface.co/alchemonaut/QuartetAnemoi-70B-t0.0001. Where the models differ by t or less the other
model's number is taken; t = 0 is the base. Unit: element; computed in float64, rounded once.

On purpose not as in mergekit 0.1.5: there, differences below 1e-6 count as 1e-6, so that with t < 1e-6 elements that
differ by less than t move only in part.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated, Any, ClassVar

from pydantic import Field

from ..kernels.nearswap import move_at_most, move_at_most_narrow
from ..recipe.signature import takes
from ._linear import all_bfloat16
from ._rule import Rule, Span

__all__ = ["nearswap"]


@dataclass(frozen=True)
class _NearSwap(Rule):
    shows_nan: ClassVar[bool] = True
    t: float

    def apply(self, sources: Sequence[Any], out: Any, span: Span, known: Sequence[Any]) -> bool:  # noqa: ARG002
        move = move_at_most_narrow if all_bfloat16(*sources, out) else move_at_most
        return bool(move(sources[0], sources[1], self.t, out))


@takes(base="required", min_inputs=1, max_inputs=1)
def nearswap(*, t: Annotated[float, Field(ge=0)]) -> Rule:
    """The rule for the largest move t of an element, in units of the weights, at least 0."""
    return _NearSwap(t)
