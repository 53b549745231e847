"""MergeAlign: both difference vectors added to the base.

    merged = base + domain_weight · τ_d + alignment_weight · τ_a,   τ_d = domain − base,   τ_a = aligned − base

Thakkar et al., "Combining Domain and Alignment Vectors Provides Better Knowledge-Safety Trade-offs in LLMs",
arXiv 2411.06824. The paper's coefficients are not known to us; (1, 1) adds both vectors whole, (0.5, 0.5) is the plain
average of expert and aligned model. Two more names for special cases: weights (α, 1 − α) equal linear interpolation of
the two models, and a domain weight of 1 makes the alignment weight the ratio of a chat vector (arXiv 2310.04799).

With `interpolation: slerp` the way between the two vectors is the arc instead of the straight line, tensor by tensor:

    merged = base + s · SLERP(τ_d, τ_a; t),   s = domain_weight + alignment_weight,   t = alignment_weight / s

The linear form is the same with (1 − t) τ_d + t τ_a in the place of SLERP (see the method `slerp`), so both agree for
vectors of one direction and where one weight is 0. (0.5, 0.5) is the middle of the arc. For orthogonal vectors of one
length it is √2 times as long as their average, so slerp with weights (1, 1) goes further from the base than linear.
A tensor in which one of the models equals the base has no arc and is merged linearly.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

from ..recipe.signature import takes
from ._linear import LinearRule
from ._rule import Rule
from ._span import SpanRule
from .slerp import slerp_weights

__all__ = ["mergealign"]


@dataclass(frozen=True)
class _Arc(SpanRule):
    """The two vectors, along the arc between them."""

    domain_weight: float
    alignment_weight: float
    n_inputs: int = 2

    def weights(self, gram: Any) -> Any:
        if gram[0, 0] == 0 or gram[1, 1] == 0:
            return self.domain_weight, self.alignment_weight
        length = self.domain_weight + self.alignment_weight
        return length * slerp_weights(gram, self.alignment_weight / length)


@takes(base="required", min_inputs=2, max_inputs=2)
def mergealign(
    *,
    domain_weight: float = 1.0,
    alignment_weight: float = 1.0,
    interpolation: Literal["linear", "slerp"] = "linear",
) -> Rule:
    """The rule for weights λ_d and λ_a, usually in [0, 1.5]: any finite numbers for linear, none negative for slerp.

    Unit: element; slerp needs one pass for the inner products. Raises ValueError for negative weights of slerp.
    """
    if interpolation == "linear" or domain_weight == 0 or alignment_weight == 0:
        return LinearRule((domain_weight, alignment_weight))
    if domain_weight < 0 or alignment_weight < 0:
        raise ValueError("interpolation: slerp goes from one vector to the other, so no weight may be negative")
    return _Arc(domain_weight, alignment_weight)
