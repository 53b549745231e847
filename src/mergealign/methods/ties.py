"""TIES: trim each delta to its largest elements, elect a sign, add up what agrees with it.

    merged = base + λ · Σ_k w_k trimmed_k / Σ_k w_k, over the inputs k whose w_k · trimmed_k has the sign of their sum

Yadav et al., "TIES-Merging: Resolving Interference When Merging Models", arXiv 2306.01708. A sum of exactly zero counts
as positive; a trimmed element neither votes nor counts.
"""

from __future__ import annotations

from ..recipe.signature import PerInput, takes
from ._parameters import Density
from ._rule import Rule
from ._sparse import sparse_rule
from ._sparsify import ByMagnitude

__all__ = ["ties"]


@takes(base="required")
def ties(
    *,
    weight: PerInput[float],
    density: PerInput[Density] = (1.0,),
    normalize: bool = True,
    rescale: bool = False,
    lambda_: float = 1.0,
) -> Rule:
    """The rule for inputs of given weights and densities.

    Args:
        weight: of each input, any number.
        density: share of elements that stay, in [0, 1]: those of largest magnitude, of equal ones the first,
            and at least one unless it is 0.
        normalize: divide by the sum of the weights of the inputs that agree, unless it is zero.
        rescale: give each thinned delta its L1 norm over the tensor back.
        lambda: on the whole sum.
    """
    return sparse_rule(
        ByMagnitude(density, (0.0,) * len(density), at_least=1),
        weight=weight,
        agree=True,
        normalize=normalize,
        rescale=rescale,
        lambda_=lambda_,
    )
