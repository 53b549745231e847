"""Arcee Fusion: of two models, the elements of the other where they matter, those of the base elsewhere.

    importance = |other − base| · KL(softmax(other) ‖ softmax(base)),   the softmax and KL taken over each row
    merged     = other where importance ≥ median + 1.5 (Q3 − Q1), else base

Defined by mergekit; no paper. Quartiles are over the tensor: the elements of rank ⌊q (n − 1)⌋. A row is the last
dimension; a tensor of one dimension is one row. Numbers are taken from either model as they are, without arithmetic.
Unit: row; two passes for the quartiles, which are exact.

On purpose not as in mergekit 0.1.5: there, the quartiles of a tensor of more than 1 000 000 elements are those of as
many drawn at random, so that runs differ; here all elements count. There, KL is computed in float32, which is mostly
rounding noise (of either sign) for models that differ by 1e-4 or less; here it keeps its digits. The 1e-8 that is added
there to each probability against log 0 has no part here.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from ..kernels.choose import choose
from ..kernels.divergence import row_divergences, scale_rows
from ..kernels.linear import convert
from ..recipe.signature import takes
from ._block import block_of
from ._linear import alike
from ._quantiles import QuantileSearch
from ._rule import Block, Reduction, Rule, Span, Unit

__all__ = ["arcee_fusion"]


@dataclass(frozen=True)
class _Fusion(Rule):
    unit: ClassVar[Unit] = Unit.ROW

    @property
    def reductions(self) -> tuple[Reduction, ...]:
        return QuantileSearch(_importance, (0.25, 0.5, 0.75), _threshold).reductions

    def apply(self, sources: Sequence[Any], out: Any, span: Span, known: Sequence[Any]) -> bool:
        threshold = known[-1]
        base, other = alike(sources)
        chosen = out if out.dtype == base.dtype else np.empty(out.size, base.dtype)
        for block_span in span.blocks(self.unit):
            block, _ = block_of(sources, span, block_span, has_base=True)
            part = slice(block_span.start - span.start, block_span.stop - span.start)
            choose(base[part], other[part], _importance(block), threshold, chosen[part])
        return chosen is out or bool(convert(chosen, out))


def _importance(block: Block) -> Any:
    """Float32 [n], written over the block's deltas, which are not needed any more."""
    (delta,) = block.deltas
    width = block.span.width
    divergences = np.empty(delta.size // width)
    row_divergences(block.base, delta, width, divergences)
    scale_rows(delta, width, divergences.astype(np.float32), delta)
    return delta


def _threshold(quartiles: Any) -> Any:
    first, median, third = quartiles
    return median + np.float32(1.5) * (third - first)


@takes(base="required", min_inputs=1, max_inputs=1)
def arcee_fusion() -> Rule:
    """The rule; it has no parameters."""
    return _Fusion()
