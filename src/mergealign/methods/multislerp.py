"""Multi-SLERP: the weighted mean of directions, at the weighted mean of lengths.

    merged = base + (Σ_k w_k ‖τ_k‖) · m / ‖m‖,   m = Σ_k w_k τ_k / (‖τ_k‖ + eps)

with τ_k = model_k − base, or the models themselves where no base is named (`base` is then 0). Goddard,
https://goddard.blog/posts/multislerp-wow-what-a-cool-idea, defines it by a step in the plane that touches the sphere at
m / ‖m‖; but the weighted mean of what is projected onto that plane is zero there, so no step is taken. Each tensor is
one vector. A single model is the result itself. Unit: element; one pass for the inner products.

Directions that cancel out have no mean: two are then added linearly, more are an error that names the tensor. On
purpose not as in mergekit 0.1.5: weights that sum to zero are refused; where all models equal the base, so does the
result (there an error for three models and more).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Any

import numpy as np
from pydantic import Field

from ..recipe.signature import Inputs, PerInput, takes
from ._linear import LinearRule
from ._rule import Rule
from ._span import SpanRule
from ._weights import normalized

__all__ = ["multislerp"]

CANCELS = 1e-7
"""A mean of unit vectors as short as this is what rounding leaves of zero."""


@dataclass(frozen=True)
class _MultiSlerp(SpanRule):
    weight: tuple[float, ...]
    eps: float
    has_base: bool

    @property
    def n_inputs(self) -> int:  # type: ignore[override]
        return len(self.weight)

    def weights(self, gram: Any) -> Any:
        weight, lengths = np.array(self.weight), np.sqrt(np.diag(gram))
        if not lengths.any():
            return weight
        shares = np.divide(weight, lengths + self.eps, where=lengths > 0, out=np.zeros_like(weight))
        size = np.sqrt(max(0.0, shares @ gram @ shares))
        if size > max(self.eps, CANCELS):
            return shares * (weight @ lengths / size)
        if len(weight) == 2:
            return weight
        raise ValueError("the directions of the models cancel out with these weights, so they have no mean direction")


@takes(base="optional")
def multislerp(
    *,
    weight: PerInput[float],
    normalize_weights: bool = True,
    eps: Annotated[float, Field(ge=0)] = 1e-8,
    inputs: Inputs,
) -> Rule:
    """The rule for one weight per model.

    Args:
        normalize_weights: divide them by their sum.
        eps: added to lengths before dividing by them; a mean direction shorter than it counts as zero.
    Raises:
        ValueError: the weights sum to zero and are to be normalized, or all are zero.
    """
    if not any(weight):
        raise ValueError("weight: all weights are zero")
    if len(weight) == 1:
        return LinearRule((1.0,), has_base=inputs.has_base)
    return _MultiSlerp(normalized(weight) if normalize_weights else weight, eps, inputs.has_base)
