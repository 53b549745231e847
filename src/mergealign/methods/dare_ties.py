"""DARE with the sign consensus of TIES: drop at random, scale up, elect a sign, add up what agrees with it.

    merged = base + λ · Σ_k w_k s_k · mask_k · (tuned_k − base), over the inputs k whose term has the sign of their sum

Yu et al., "Language Models are Super Mario", arXiv 2311.03099; Yadav et al., "TIES-Merging", arXiv 2306.01708. With
`rescale`, s_k restores the L1 norm of the delta, over the tensor; that is the paper's 1 / density up to chance.
"""

from __future__ import annotations

from ..recipe.signature import PerInput, takes
from ._parameters import Density
from ._rule import Rule
from ._sparse import sparse_rule
from ._sparsify import ByChance

__all__ = ["dare_ties"]


@takes(base="required")
def dare_ties(
    *,
    weight: PerInput[float],
    density: PerInput[Density] = (1.0,),
    normalize: bool = False,
    rescale: bool = True,
    lambda_: float = 1.0,
) -> Rule:
    """The rule for inputs of given weights and densities.

    Args:
        weight: of each input, any number.
        density: probability that an element stays, in [0, 1].
        normalize: divide by the sum of the weights of the inputs that agree, unless it is zero.
        rescale: give each thinned delta its L1 norm over the tensor back, instead of the 1 / density of the paper.
        lambda: on the whole sum.
    """
    return sparse_rule(
        ByChance(density),
        weight=weight,
        agree=True,
        normalize=normalize,
        rescale=rescale,
        lambda_=lambda_,
    )
