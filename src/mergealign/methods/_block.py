"""Rules on float32 blocks: stored numbers are decoded, merged by a compiled loop, and rounded once."""

from __future__ import annotations

import abc
import threading
from collections.abc import Sequence
from typing import Any

import numpy as np

from ..kernels.linear import convert, subtract
from ._rule import Block, Reduction, Rule, Span

__all__ = ["BlockRule", "block_of", "reduce_span"]

_scratch = threading.local()


def _buffer(n_rows: int, n: int) -> Any:
    """Float32 [n_rows, n] of this thread, with whatever it held before."""
    held = getattr(_scratch, "held", None)
    if held is None or held.size < n_rows * n:
        held = _scratch.held = np.empty(n_rows * n, np.float32)
    return held[: n_rows * n].reshape(n_rows, n)


def block_of(sources: Sequence[Any], within: Span, block: Span, *, has_base: bool) -> tuple[Block, Any]:
    """One block of what was read for the span `within`, and room for its result."""
    part = slice(block.start - within.start, block.stop - within.start)
    rows = _buffer(len(sources) + 1, block.n_elements)
    if not has_base:
        for source, row in zip(sources, rows, strict=False):
            convert(source[part], row)
        return Block(None, rows[:-1], block), rows[-1]
    convert(sources[0][part], rows[0])
    for source, row in zip(sources[1:], rows[1:], strict=False):
        subtract(source[part], rows[0], row)
    return Block(rows[0], rows[1:-1], block), rows[-1]


def reduce_span(
    rule: Rule, reduction: Reduction, sources: Sequence[Any], span: Span, known: Sequence[Any], total: Any
) -> None:
    """Add what `reduction` finds in a span to `total`: [n_blocks of the tensor, …] or, for counts, one array."""
    for block_span in span.blocks(rule.unit):
        block, _ = block_of(sources, span, block_span, has_base=rule.has_base)
        reduction.add(block, known, total[block_span.index] if reduction.per_block else total)


class BlockRule(Rule):
    """A rule that merges float32 blocks, one after the other."""

    def apply(self, sources: Sequence[Any], out: Any, span: Span, known: Sequence[Any]) -> bool:
        finite = True
        for block_span in span.blocks(self.unit):
            block, result = block_of(sources, span, block_span, has_base=self.has_base)
            self.merge(block, known, result)
            finite &= bool(convert(result, out[block_span.start - span.start : block_span.stop - span.start]))
        return finite

    @abc.abstractmethod
    def merge(self, block: Block, known: Sequence[Any], out: Any) -> None:
        """Merge one block into `out`, float32 [n]."""
