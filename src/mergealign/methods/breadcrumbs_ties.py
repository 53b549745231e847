"""Model Breadcrumbs with the sign consensus of TIES.

    merged = base + λ · Σ_k w_k · mask_k · (tuned_k − base), over the inputs k whose term has the sign of their sum

Davari and Belilovsky, "Model Breadcrumbs: Scaling Multi-Task Model Merging with Sparse Masks", arXiv 2312.06795. Of n
elements the ⌊gamma · n⌋ largest are removed (fewer where density leaves no room), of the others the ⌊density · n⌋
largest stay.
"""

from __future__ import annotations

from ..recipe.signature import PerInput, takes
from ._parameters import Density, Gamma
from ._rule import Rule
from ._sparse import sparse_rule
from ._sparsify import ByMagnitude

__all__ = ["breadcrumbs_ties"]


@takes(base="required")
def breadcrumbs_ties(
    *,
    weight: PerInput[float],
    density: PerInput[Density] = (1.0,),
    gamma: PerInput[Gamma] = (0.01,),
    normalize: bool = False,
    rescale: bool = False,
    lambda_: float = 1.0,
) -> Rule:
    """The rule for inputs of given weights, densities and gammas.

    Args:
        weight: of each input, any number.
        density: share of elements that stay, in [0, 1]: those of largest magnitude but for gamma, of equal
            ones the first.
        gamma: share of elements, those of largest magnitude, that are removed, in [0, 1).
        normalize: divide by the sum of the weights of the inputs that agree, unless it is zero.
        rescale: give each thinned delta its L1 norm over the tensor back.
        lambda: on the whole sum.
    """
    return sparse_rule(
        ByMagnitude(density, gamma),
        weight=weight,
        agree=True,
        normalize=normalize,
        rescale=rescale,
        lambda_=lambda_,
    )
