"""The alignment subspace of a weight matrix, in its dense form, and what it keeps of another change.

    V = W_aligned − W_base,   C = V Vᵀ / ‖V‖_F

C multiplies from the left (it acts on outputs). It is symmetric and positive, so the cosine of C Δ and Δ is never
negative, but no projection in the strict sense: it scales each direction by its squared share in V. Hsu et al., "Safe
LoRA", arXiv 2405.16833, use this form because it needs no inverse.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np

from ..kernels.linear import convert, subtract
from ._rule import Span

__all__ = ["Change", "TunedFrom", "change_of", "is_matrix", "scratch_bytes"]

TunedFrom = Literal["base", "aligned"]
"""The model that the expert was tuned from."""


def is_matrix(shape: tuple[int, ...]) -> bool:
    """Whether a tensor of this shape has an alignment subspace."""
    return len(shape) == 2 and min(shape) > 0


def scratch_bytes(shape: tuple[int, ...]) -> int:
    """Of `change_of` for one tensor: four matrices of its shape, one that is square in its smaller side."""
    return 4 * (4 * shape[0] * shape[1] + min(shape) ** 2) if is_matrix(shape) else 0


@dataclass(frozen=True)
class Change:
    """The expert's change of a matrix, seen from the alignment subspace.

    Attributes:
        aligned: W_aligned, float32 [out, in].
        kept: C Δ, float32 [out, in].
        cosine: of C Δ and Δ, in [0, 1]; 0 where either is zero.
    """

    aligned: Any
    kept: Any
    cosine: float


def change_of(sources: Sequence[Any], span: Span, tuned_from: TunedFrom) -> Change:
    """Of the stored numbers of base, domain and aligned model, a whole matrix each.

    In float32 with two matrix products, through the smaller of Vᵀ Δ and V Vᵀ: 4 · out · in · min(out, in) operations.
    """
    base, domain, aligned = (np.empty(span.shape, np.float32) for _ in range(3))
    convert(sources[2], aligned.reshape(-1))
    convert(sources[0], base.reshape(-1))
    subtract(sources[1], (base if tuned_from == "base" else aligned).reshape(-1), domain.reshape(-1))
    delta = domain
    v = np.subtract(aligned, base, out=base)
    size = _norm(v)
    if size == 0:
        return Change(aligned, v, 0.0)
    v /= np.float32(size)  # of length 1, so that no product can overflow
    kept = v @ (v.T @ delta) if span.shape[0] > span.shape[1] else (v @ v.T) @ delta
    kept *= np.float32(size)
    lengths = _norm(kept) * _norm(delta)
    cosine = float(np.clip(_inner(kept, delta) / lengths, 0, 1)) if lengths > 0 else 0.0
    return Change(aligned, kept, cosine)
