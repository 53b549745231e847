"""RAM: what one model alone has changed is kept whole, what several have changed is averaged.

    merged = base + Σ_k d_k / n   over the n models that changed the element, |d_k| > epsilon,   d_k = model_k − base

"Reinforced Agent Merging", arXiv 2601.13572. Models are not weighted. Unit: element; in float32, rounded once.
"""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from ..recipe.signature import Inputs, takes
from ._overlap import OverlapRule
from ._rule import Rule

__all__ = ["ram"]


@takes(base="required")
def ram(*, epsilon: Annotated[float, Field(ge=0)] = 1e-5, inputs: Inputs) -> Rule:
    """The rule for a difference `epsilon`, in units of the weights, up to which an element counts as unchanged."""
    return OverlapRule(inputs.n, epsilon)
