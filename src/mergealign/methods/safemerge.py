"""SafeMERGE: the expert, mixed with the aligned model in those matrices in which it strays from the alignment subspace.

    Δ = domain − tuned_from,   V = aligned − base,   C = V Vᵀ / ‖V‖_F
    merged = (1 − safe_weight) · domain + safe_weight · aligned   if cos(C Δ, Δ) < threshold,  else domain

Djuhera et al., "SafeMERGE", arXiv 2503.17239, with the cosine of Safe LoRA (see the method `safe_lora`); the paper
mixes the updates of an expert and of a safe adapter, [0.8, 0.2] at a threshold of 0.35. Here the aligned model is the
safe one.

Needs the base that the aligned model was made from, and the expert: no data. Whole matrices [out, in] only, embeddings
and output heads included: tensors of one dimension (norms, biases) and of three or more stay the expert's, and so do
matrices that alignment did not change; a threshold of 0 (by filter) leaves tensors as they are. What stays is copied
exactly. Unit: matrix, in memory, float32; two matrix products per tensor for the cosine, the mixture in float64.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated, Any, ClassVar

from pydantic import Field

from ..recipe.signature import takes
from ._alignment import TunedFrom, change_of, is_matrix, scratch_bytes
from ._linear import LinearRule
from ._rule import Rule, Span, Unit

__all__ = ["safemerge"]

EXPERT = LinearRule((1.0, 0.0))


@dataclass(frozen=True)
class _SafeMerge(Rule):
    unit: ClassVar[Unit] = Unit.MATRIX
    threshold: float
    safe_weight: float
    tuned_from: TunedFrom

    def scratch_bytes(self, shape: tuple[int, ...]) -> int:
        return scratch_bytes(shape)

    def apply(self, sources: Sequence[Any], out: Any, span: Span, known: Sequence[Any]) -> bool:
        change = change_of(sources, span, self.tuned_from) if is_matrix(span.shape) else None
        strays = change is not None and change.cosine < self.threshold
        rule = LinearRule((1 - self.safe_weight, self.safe_weight)) if strays else EXPERT
        return rule.apply(sources, out, span, known)


@takes(base="required", min_inputs=2, max_inputs=2)
def safemerge(
    *,
    threshold: Annotated[float, Field(ge=0, le=1)] = 0.35,
    safe_weight: Annotated[float, Field(ge=0, le=1)] = 0.2,
    tuned_from: TunedFrom = "base",
) -> Rule:
    """The rule for a domain and an aligned model over their base.

    Args:
        threshold: cosine below which a matrix is mixed.
        safe_weight: of the aligned model in these.
        tuned_from: the model that the expert was tuned from.
    """
    if threshold == 0 or safe_weight == 0:
        return EXPERT
    return _SafeMerge(threshold, safe_weight, tuned_from)
