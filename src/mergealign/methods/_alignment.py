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

from ..kernels.inner import inner_products
from ..kernels.linear import convert, subtract
from ._rule import Span

__all__ = ["Change", "TunedFrom", "change_of", "is_matrix", "scratch_bytes"]

_TILE = 64
"""OpenBLAS gives the same bits for any number of threads where all sides are multiples of this."""

TunedFrom = Literal["base", "aligned"]
"""The model that the expert was tuned from."""


def is_matrix(shape: tuple[int, ...]) -> bool:
    """Whether a tensor of this shape has an alignment subspace."""
    return len(shape) == 2 and min(shape) > 0


def scratch_bytes(shape: tuple[int, ...]) -> int:
    """Of `change_of` for one tensor: five matrices of its shape, two more where its sides are filled up, one square."""
    if not is_matrix(shape):
        return 0
    n, full = shape[0] * shape[1], [side + -side % _TILE for side in shape]
    padded = 0 if full == list(shape) else 2 * full[0] * full[1]
    return 4 * (4 * n + padded + full[0] * full[1] + min(full) ** 2)


@dataclass(frozen=True)
class Change:
    """The expert's change of a matrix, seen from the alignment subspace.

    Attributes:
        aligned: W_aligned, float32 [out, in].
        kept: C Δ, float32 [out, in].
        cosine: of C Δ and Δ, in [0, 1]; 0 where C Δ or Δ is zero.
    """

    aligned: Any
    kept: Any
    cosine: float


def change_of(sources: Sequence[Any], span: Span, tuned_from: TunedFrom) -> Change | None:
    """Of the stored numbers of base, domain and aligned model, a whole matrix each; None where V is zero.

    In float32 with two matrix products: 4 · out · in · min(out, in) operations.
    """
    v, aligned = np.empty(span.shape, np.float32), np.empty(span.shape, np.float32)
    pair = np.empty((2, *span.shape), np.float32)
    delta, kept = pair
    base = v
    convert(sources[0], base.reshape(-1))
    convert(sources[2], aligned.reshape(-1))
    subtract(sources[1], (base if tuned_from == "base" else aligned).reshape(-1), delta.reshape(-1))
    np.subtract(aligned, base, out=v)
    size = np.sqrt(_gram(v[None])[0, 0])
    if size == 0:
        return None
    v /= np.float32(size)  # of length 1, so that no product overflows
    np.multiply(_product(v, delta), np.float32(size), out=kept)
    gram = _gram(pair)
    lengths = float(np.sqrt(gram[0, 0] * gram[1, 1]))
    return Change(aligned, kept, float(np.clip(gram[0, 1] / lengths, 0, 1)) if lengths > 0 else 0.0)


def _product(v: Any, delta: Any) -> Any:
    """V Vᵀ Δ, through the smaller of Vᵀ Δ and V Vᵀ."""
    shape = v.shape
    v, delta = _filled_up(v), _filled_up(delta)
    product = v @ (v.T @ delta) if shape[0] > shape[1] else (v @ v.T) @ delta
    return product[: shape[0], : shape[1]]


def _filled_up(matrix: Any) -> Any:
    """With zeros, so that both sides are multiples of _TILE."""
    rows, columns = (-side % _TILE for side in matrix.shape)
    return np.pad(matrix, ((0, rows), (0, columns))) if rows or columns else matrix


def _gram(matrices: Any) -> Any:
    """Inner products, float64 [K, K], of float32 [K, out, in]."""
    sums = np.zeros((len(matrices), len(matrices)))
    inner_products(matrices.reshape(len(matrices), -1), sums)
    return sums
