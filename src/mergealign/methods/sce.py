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

from ..kernels.masked import VARIANCE
from ..kernels.sparse import merge_stays, stays_energies
from ..recipe.signature import Inputs, takes
from ._block import scratch, stored_blocks
from ._magnitude import ALL, NO_WINDOWS, NONE, MagnitudeSearch, Ranks, Windows
from ._rule import Reduction, Rule, Span, StoredBlocks, block_elements

__all__ = ["SceRule", "sce"]

_NO_ENERGY = 1e-6
_LEAST_DIVISOR = 1e-6


@dataclass(frozen=True)
class _Weights:
    """Of the inputs, for one tensor."""

    weights: Any


@dataclass(frozen=True)
class SceRule(Rule):
    """See the module."""

    select_topk: float
    n_inputs: int

    @property
    def _search(self) -> MagnitudeSearch:
        return MagnitudeSearch((VARIANCE,) if 0 < self.select_topk < 1 else (), self._ranks)

    def _ranks(self, _row: int, n: int, n_zero: int) -> Ranks:
        return Ranks(0, int((n - n_zero) * self.select_topk))

    def next_reduction(self, known: Sequence[Any]) -> Reduction | None:
        if known and isinstance(known[-1], _Weights):
            return None
        return self._search.next_reduction(known) or Reduction(
            (self.n_inputs,), self._add_energy, self._find_weights, of_stored=True
        )

    @property
    def most_passes(self) -> int:
        return 2 + self._search.most_reductions

    def _arguments(self, blocks: StoredBlocks, known: Sequence[Any]) -> tuple[Any, ...]:
        """The first of the arguments of kernels/sparse.py: what is merged, and what of it is selected."""
        windows: Windows = known[-1] if self._search.rows else NO_WINDOWS
        otherwise = (ALL if self.select_topk > 0 else NONE,) * self.n_inputs
        how = windows.within((VARIANCE,) * self.n_inputs, otherwise, blocks.span)
        block = block_elements(blocks.span.shape, self.unit)
        return blocks.base, blocks.tuned, how, block, scratch(self.n_inputs, block, np.uint8)

    def _add_energy(self, blocks: StoredBlocks, known: Sequence[Any], total: Any) -> None:
        stays_energies(*self._arguments(blocks, known), total)
        total /= prod(blocks.span.shape)

    def _find_weights(self, total: Any, _known: Sequence[Any]) -> _Weights:
        energies = total.sum(axis=0)
        energy = energies.sum()
        weights = energies / energy if energy >= _NO_ENERGY else np.full(self.n_inputs, 1 / self.n_inputs)
        return _Weights(weights.astype(np.float32))

    def apply(self, sources: Sequence[Any], out: Any, span: Span, known: Sequence[Any]) -> bool:
        whole = stored_blocks(self, sources, span)
        weights = known[-1].weights
        votes, agreeing = np.ones_like(weights), np.stack([weights, weights])
        limits = np.float32(_LEAST_DIVISOR), np.float32(1)
        return bool(merge_stays(*self._arguments(whole, known[:-1]), votes, agreeing, *limits, out))


@takes(base="required")
def sce(*, select_topk: Annotated[float, Field(ge=0, le=1)] = 1.0, inputs: Inputs) -> SceRule:
    """The rule for a share of elements to select.

    Args:
        select_topk: share of the elements that differ between the inputs, in [0, 1].
    """
    return SceRule(select_topk, inputs.n)
