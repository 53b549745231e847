"""DELLA without consensus: drop elements at random, small ones more often, scale up the rest, add them to the base.

    merged = base + λ · Σ_k w_k s_k · mask_k · (tuned_k − base)
    keep probability = density − epsilon + 2 · epsilon · rank / (width − 1)

Deep et al., "DELLA-Merging: Reducing Interference in Model Merging through Magnitude-Based Sampling",
arXiv 2406.11617. rank counts from 0 for the smallest magnitude in a row (the last dimension; a tensor of one dimension
is one row); equal magnitudes share their mean rank. With `rescale`, s_k restores the L1 norm of the delta, over the
tensor.
"""

from __future__ import annotations

from ..recipe.signature import PerInput, takes
from ._parameters import Density, Epsilon
from ._rule import Rule
from ._sparse import sparse_rule
from ._sparsify import ByRank

__all__ = ["della_linear"]


@takes(base="required")
def della_linear(
    *,
    weight: PerInput[float],
    density: PerInput[Density] = (1.0,),
    epsilon: PerInput[Epsilon] = (0.15,),
    normalize: bool = False,
    rescale: bool = True,
    lambda_: float = 1.0,
) -> Rule:
    """The rule for inputs of given weights, densities and epsilons.

    Args:
        weight: of each input, any number.
        density: mean probability that an element stays, in [0, 1].
        epsilon: how far the probability rises and falls with the rank; density ± epsilon must lie within (0, 1), unless
            density is 0 or 1.
        normalize: divide by the sum of the weights, unless it is zero.
        rescale: give each thinned delta its L1 norm over the tensor back.
        lambda: on the whole sum.
    """
    return sparse_rule(
        ByRank(density, epsilon),
        weight=weight,
        agree=False,
        normalize=normalize,
        rescale=rescale,
        lambda_=lambda_,
    )
