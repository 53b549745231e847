"""SCE: select elements by their variance over the inputs, weigh inputs by their energy, erase minority signs.

    merged = base + Σ_k w_k δ_k / Σ_k w_k, over the inputs k whose δ_k has the sign of Σ_k δ_k
    w_k = ‖δ_k‖² / Σ_j ‖δ_j‖², δ_k = mask · (tuned_k − base)

Wan et al., "FuseChat: Knowledge Fusion of Chat Models", arXiv 2408.07990. The mask keeps the elements of largest
variance, a share `select_topk` of those that vary at all, of equal ones the first. Where the mean squares of all deltas
sum up to less than 10⁻⁶ the weights are equal, as in mergekit.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import prod
from typing import Annotated, Any

import numpy as np
from pydantic import Field

from ..kernels.consensus import add_agreeing
from ..kernels.inner import inner_products
from ..kernels.variance import clear_where_zero, variance
from ..recipe.signature import Inputs, takes
from ._block import BlockRule
from ._magnitude import MagnitudeSearch, Ranks, Windows
from ._rule import Block, Reduction

__all__ = ["SceRule", "sce"]

_NO_ENERGY = 1e-6
_LEAST_DIVISOR = 1e-6


@dataclass(frozen=True)
class _Weights:
    """Of the inputs, for one tensor."""

    weights: Any


@dataclass(frozen=True)
class SceRule(BlockRule):
    """See the module."""

    select_topk: float
    n_inputs: int

    @property
    def _search(self) -> MagnitudeSearch:
        return MagnitudeSearch((0,) if 0 < self.select_topk < 1 else (), _variances, self._ranks)

    def _ranks(self, _row: int, n: int, n_zero: int) -> Ranks:
        return Ranks(0, int((n - n_zero) * self.select_topk))

    def next_reduction(self, known: Sequence[Any]) -> Reduction | None:
        if known and isinstance(known[-1], _Weights):
            return None
        return self._search.next_reduction(known) or Reduction(
            (self.n_inputs, 1, 1), self._add_energy, self._find_weights
        )

    @property
    def most_passes(self) -> int:
        return 2 + self._search.most_reductions

    def _select(self, block: Block, known: Sequence[Any]) -> None:
        if self.select_topk >= 1:
            return
        if self.select_topk <= 0:
            block.deltas[:] = 0
            return
        windows: Windows = known[-1]
        selected = _variances(block)
        windows.keep(0, selected[0].view(np.int32), block.span)
        clear_where_zero(selected[0], block.deltas)

    def _add_energy(self, block: Block, known: Sequence[Any], total: Any) -> None:
        self._select(block, known)
        for delta, energy in zip(block.deltas, total, strict=True):
            inner_products(delta[None], energy)
            energy /= prod(block.span.shape)

    def _find_weights(self, total: Any, _known: Sequence[Any]) -> _Weights:
        energies = total.sum(axis=(0, 2, 3))
        energy = energies.sum()
        weights = energies / energy if energy >= _NO_ENERGY else np.full(self.n_inputs, 1 / self.n_inputs)
        return _Weights(weights.astype(np.float32))

    def merge(self, block: Block, known: Sequence[Any], out: Any) -> None:
        self._select(block, known[:-1])
        weights = known[-1].weights
        ones = np.ones_like(weights)
        add_agreeing(block.base, block.deltas, ones, weights, weights, np.float32(_LEAST_DIVISOR), np.float32(1), out)


def _variances(block: Block) -> Any:
    out = np.empty((1, block.span.n_elements), np.float32)
    variance(block.deltas, out[0])
    return out


@takes(base="required")
def sce(*, select_topk: Annotated[float, Field(ge=0, le=1)] = 1.0, inputs: Inputs) -> SceRule:
    """The rule for a share of elements to select.

    Args:
        select_topk: share of the elements that differ between the inputs, in [0, 1].
    """
    return SceRule(select_topk, inputs.n)
