"""Safe LoRA, dense: what the expert changed is reduced to the alignment subspace, where it strays from it.

    Δ = domain − tuned_from,   V = aligned − base,   C = V Vᵀ / ‖V‖_F
    merged = aligned + (C Δ  if cos(C Δ, Δ) ≤ threshold,  else Δ)

Hsu et al., "Safe LoRA: the Silver Lining of Reducing Safety Risks when Fine-tuning Large Language Models", arXiv
2405.16833 (NeurIPS 2024). The paper projects the factor B of an update B A; C B A is the same for dense Δ. It tunes the
aligned model; `tuned_from: aligned` is that case, in which an unprojected tensor is the expert's, byte for byte. An
expert tuned from the base has the alignment vector added.

Needs the base that the aligned model was made from, and the expert: no data. Whole matrices [out, in] only: tensors of
one dimension (norms, biases) and of three or more are left unprojected, and so are matrices that alignment did not
change. Embeddings and output heads are matrices like others, though LoRA rarely touches them: a negative threshold (by
filter) leaves tensors unprojected and costs nothing. Unit: matrix, in memory, float32; two matrix products per tensor.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated, Any, ClassVar

import numpy as np
from pydantic import Field

from ..kernels.linear import convert
from ..recipe.signature import takes
from ._alignment import TunedFrom, change_of, is_matrix, scratch_bytes
from ._linear import LinearRule
from ._rule import Rule, Span, Unit

__all__ = ["safe_lora"]


@dataclass(frozen=True)
class _SafeLora(Rule):
    unit: ClassVar[Unit] = Unit.MATRIX
    threshold: float
    tuned_from: TunedFrom

    def scratch_bytes(self, shape: tuple[int, ...]) -> int:
        return scratch_bytes(shape)

    def apply(self, sources: Sequence[Any], out: Any, span: Span, known: Sequence[Any]) -> bool:
        change = change_of(sources, span, self.tuned_from) if is_matrix(span.shape) else None
        if change is None or change.cosine > self.threshold:
            return _unprojected(self.tuned_from).apply(sources, out, span, known)
        return bool(convert(np.add(change.aligned, change.kept, out=change.kept).reshape(-1), out))


def _unprojected(tuned_from: TunedFrom) -> LinearRule:
    """aligned + domain − tuned_from."""
    return LinearRule((1.0, 1.0) if tuned_from == "base" else (1.0, 0.0))


@takes(base="required", min_inputs=2, max_inputs=2)
def safe_lora(*, threshold: Annotated[float, Field(ge=-1, le=1)] = 0.5, tuned_from: TunedFrom = "base") -> Rule:
    """The rule for a domain and an aligned model over their base.

    Args:
        threshold: cosine up to which a tensor is projected: 1 projects all, a negative one none.
        tuned_from: the model that the expert was tuned from.
    """
    if threshold < 0:
        return _unprojected(tuned_from)
    return _SafeLora(threshold, tuned_from)
