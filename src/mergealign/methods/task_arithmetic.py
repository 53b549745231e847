"""Task arithmetic: weighted deltas added to the base.

    merged = base + λ · Σ_k w_k · (tuned_k − base)

Ilharco et al., "Editing Models with Task Arithmetic", arXiv 2212.04089.
"""

from __future__ import annotations

from ..recipe.signature import PerInput, takes
from ._linear import LinearRule
from ._sparse import linear_rule

__all__ = ["task_arithmetic"]


@takes(base="required")
def task_arithmetic(*, weight: PerInput[float], normalize: bool = False, lambda_: float = 1.0) -> LinearRule:
    """The rule for inputs of given weights.

    Args:
        weight: of each input, any number.
        normalize: divide by the sum of the weights, unless it is zero.
        lambda: on the whole sum.
    """
    return linear_rule(weight=weight, normalize=normalize, lambda_=lambda_)
