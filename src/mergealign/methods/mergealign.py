"""MergeAlign: both difference vectors added to the base.

    merged = base + domain_weight · (domain − base) + alignment_weight · (aligned − base)

Thakkar et al., "Combining Domain and Alignment Vectors Provides Better Knowledge-Safety Trade-offs in LLMs",
arXiv 2411.06824. The paper's coefficients are not known to us; (1, 1) adds both vectors whole, (0.5, 0.5) is the plain
average of expert and aligned model. Two more names for special cases: weights (α, 1 − α) equal linear interpolation of
the two models, and a domain weight of 1 makes the alignment weight the ratio of a chat vector (arXiv 2310.04799).
"""

from __future__ import annotations

from ..recipe.signature import takes
from ._linear import LinearRule

__all__ = ["mergealign"]


@takes(base="required", min_inputs=2, max_inputs=2)
def mergealign(*, domain_weight: float = 1.0, alignment_weight: float = 1.0) -> LinearRule:
    """The rule for weights λ_d and λ_a: any finite numbers, usually in [0, 1.5]."""
    return LinearRule((domain_weight, alignment_weight))
