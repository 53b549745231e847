"""Linear: a weighted average of whole models ("model soup").

    merged = Σ_k w_k · model_k / Σ_k w_k        (with normalize; without it the sum is not divided)

Wortsman et al., "Model soups", arXiv 2203.05482. There is no base: in a mergekit recipe a `base_model` is one more
model of the sum and needs a weight like the others (mergekit 0.1.5 does the same). Unit: element; computed in float64.
"""

from __future__ import annotations

from ..recipe.signature import PerInput, takes
from ._linear import LinearRule
from ._weights import normalized

__all__ = ["linear"]


@takes(base="ignored")
def linear(*, weight: PerInput[float], normalize: bool = True) -> LinearRule:
    """The rule for one weight per model, any finite numbers.

    Raises ValueError if the weights sum to zero and are to be normalized, or if all are zero.
    """
    if not any(weight):
        raise ValueError("weight: all weights are zero, so every number of the result would be")
    return LinearRule(normalized(weight) if normalize else weight, has_base=False)
