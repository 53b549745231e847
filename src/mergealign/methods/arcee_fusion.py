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

from ..kernels.choose import choose_where_important, count_importance_bins, count_importance_within
from ..kernels.divergence import row_divergences
from ..kernels.linear import convert, subtract
from ..recipe.signature import takes
from ._block import scratch, stored_blocks
from ._linear import alike
from ._quantiles import QuantileSearch
from ._rule import Reduction, Rule, Span, StoredBlocks, Unit

__all__ = ["arcee_fusion"]

_LEAST_WIDTH = 64  # of rows whose divergences are remembered: they take little room beside what is read


@dataclass(frozen=True)
class _Fusion(Rule):
    unit: ClassVar[Unit] = Unit.ROW

    @property
    def reductions(self) -> tuple[Reduction, ...]:
        return QuantileSearch(_Importance(), (0.25, 0.5, 0.75), _threshold).reductions

    def apply(self, sources: Sequence[Any], out: Any, span: Span, known: Sequence[Any]) -> bool:
        first, threshold = known
        base, other = alike(sources)
        chosen = out if out.dtype == base.dtype else np.empty(out.size, base.dtype)
        factors = first.numbers.factors(stored_blocks(self, (base, other), span))
        choose_where_important(base, other, span.width, factors, threshold, chosen)
        return chosen is out or bool(convert(chosen, out))


class _Importance:
    """The importance of each element of a block. The divergences of rows are found once and remembered."""

    def __init__(self) -> None:
        self._known: dict[tuple[int, int], Any] = {}

    def count_bins(self, block: StoredBlocks, counts: Any) -> None:
        count_importance_bins(block.base, block.tuned[0], block.span.width, self.factors(block), counts)

    def count_within(self, block: StoredBlocks, firsts: Any, counts: Any) -> None:
        factors = self.factors(block)
        count_importance_within(block.base, block.tuned[0], block.span.width, factors, firsts, counts)

    def factors(self, block: StoredBlocks) -> Any:
        """KL of each row, float32 [n_rows]."""
        span = block.span
        if (found := self._known.get((span.start, span.stop))) is not None:
            return found
        divergences = np.empty(span.n_elements // span.width)
        for part in span.blocks(Unit.ROW):  # so that what is decoded stays in the second-level cache
            start, stop = part.start - span.start, part.stop - span.start
            logits, deltas = scratch(2, part.n_elements)
            convert(block.base[start:stop], logits)
            subtract(block.tuned[0][start:stop], logits, deltas)
            row_divergences(logits, deltas, span.width, divergences[start // span.width : stop // span.width])
        found = divergences.astype(np.float32)
        if span.width >= _LEAST_WIDTH:
            self._known[span.start, span.stop] = found
        return found


def _threshold(quartiles: Any) -> Any:
    first, median, third = quartiles
    return median + np.float32(1.5) * (third - first)


@takes(base="required", min_inputs=1, max_inputs=1)
def arcee_fusion() -> Rule:
    """The rule; it has no parameters."""
    return _Fusion()
