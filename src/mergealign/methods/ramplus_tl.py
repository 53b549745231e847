"""RAM+ (tensor-local): RAM in which unique changes count the more, the more a model shares with the others.

    merged = base + λ_k d_k                for elements that model k alone has changed (|d_k| > epsilon)
             base + mean of the d_k        for elements that several have changed
    λ_k = 1 + r · min(ρ_k, alpha),   ρ_k = shared changes of model k / unique changes of model k, in this tensor

"Reinforced Agent Merging", arXiv 2601.13572; the paper counts over all tensors, this variant tensor by tensor. Unit:
element; one pass for the counts, exact; in float32, rounded once.
"""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from ..recipe.signature import Inputs, takes
from ._overlap import OverlapRule, Scaling
from ._rule import Rule

__all__ = ["ramplus_tl"]


@takes(base="required")
def ramplus_tl(
    *,
    r: Annotated[float, Field(ge=0)] = 0.1,
    alpha: Annotated[float, Field(ge=0)] = 0.2,
    epsilon: Annotated[float, Field(ge=0)] = 1e-5,
    inputs: Inputs,
) -> Rule:
    """The rule for unique changes scaled by 1 … 1 + r · alpha.

    Args:
        r: how much a ratio of 1 between shared and unique changes adds to the factor.
        alpha: largest ratio that counts.
        epsilon: difference, in units of the weights, up to which an element counts as unchanged.
    """
    return OverlapRule(inputs.n, epsilon, Scaling(r, alpha))
