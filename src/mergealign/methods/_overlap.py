"""What RAM and its variants share: what one model changed is kept whole, what several changed is averaged."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from ..kernels.overlap import count_overlaps, merge_overlaps
from ._block import BlockRule
from ._rule import Block, Reduction

__all__ = ["OverlapRule", "Scaling"]


@dataclass(frozen=True)
class Scaling:
    """How much more the unique changes of a model count, the more it shares with others: 1 + r · min(ρ, most)."""

    r: float
    most: float


@dataclass(frozen=True)
class OverlapRule(BlockRule):
    """out = base + Σ_k s_k d_k, for elements changed by one model alone; base + their mean for those of several.

    A model changes an element if |d_k| > epsilon. s_k is 1, or found from the counts of a first pass.
    """

    n_inputs: int
    epsilon: float
    scaling: Scaling | None = None

    @property
    def reductions(self) -> tuple[Reduction, ...]:
        if self.scaling is None:
            return ()
        return (Reduction((self.n_inputs, 2), self._add, self._scales, np.int64, per_block=False),)

    def _add(self, block: Block, _known: Sequence[Any], total: Any) -> None:
        count_overlaps(block.deltas, np.float32(self.epsilon), total)

    def _scales(self, total: Any, _known: Sequence[Any]) -> Any:
        assert self.scaling is not None
        unique, shared = total[:, 0], total[:, 1]
        # a model without unique changes has nothing that could be scaled
        ratio = np.divide(shared, unique, where=unique > 0, out=np.zeros(len(total)))
        return (1 + self.scaling.r * np.minimum(ratio, self.scaling.most)).astype(np.float32)

    def merge(self, block: Block, known: Sequence[Any], out: Any) -> None:
        scales = known[0] if known else np.ones(self.n_inputs, np.float32)
        merge_overlaps(block.base, block.deltas, np.float32(self.epsilon), scales, out)
