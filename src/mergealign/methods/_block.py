"""Rules on float32 blocks: stored numbers are decoded, merged by a compiled loop, and rounded once."""

from __future__ import annotations

import abc
import threading
from collections.abc import Sequence
from typing import Any

import numpy as np

from ..kernels.linear import convert, subtract
from ._linear import alike
from ._rule import Block, Reduction, Rule, Span, StoredBlocks

__all__ = ["BlockRule", "block_of", "reduce_span", "scratch", "stored_blocks"]

_scratch = threading.local()


def scratch(n_rows: int, n: int, dtype: type[np.float32] | type[np.uint8] = np.float32) -> Any:
    """Array [n_rows, n] of this thread, with whatever it held before."""
    held, n_bytes = getattr(_scratch, "held", None), n_rows * n * np.dtype(dtype).itemsize
    if held is None or held.size < n_bytes:
        held = _scratch.held = np.empty(n_bytes, np.uint8)
    return held[:n_bytes].view(dtype).reshape(n_rows, n)


def block_of(sources: Sequence[Any], within: Span, block: Span, *, has_base: bool) -> tuple[Block, Any]:
    """One block of what was read for the span `within`, and room for its result."""
    part = slice(block.start - within.start, block.stop - within.start)
    rows = scratch(len(sources) + 1, block.n_elements)
    if not has_base:
        for source, row in zip(sources, rows, strict=False):
            convert(source[part], row)
        return Block(None, rows[:-1], block), rows[-1]
    convert(sources[0][part], rows[0])
    for source, row in zip(sources[1:], rows[1:], strict=False):
        subtract(source[part], rows[0], row)
    return Block(rows[0], rows[1:-1], block), rows[-1]


def stored_blocks(rule: Rule, sources: Sequence[Any], span: Span) -> StoredBlocks:
    """What was read for a span, for compiled loops over all its blocks."""
    base, tuned = (sources[0], alike(sources[1:])) if rule.has_base else (None, alike(sources))
    return StoredBlocks(base, tuned, span)


def reduce_span(
    rule: Rule, reduction: Reduction, sources: Sequence[Any], span: Span, known: Sequence[Any], total: Any
) -> None:
    """Add what `reduction` finds in a span to `total`: [n_blocks of the tensor, …] or, for counts, one array."""
    if reduction.of_stored:
        places = span.places(rule.unit) if reduction.per_block else ...
        reduction.add(stored_blocks(rule, sources, span), known, total[places])
        return
    for part in span.blocks(rule.unit):
        block, _ = block_of(sources, span, part, has_base=rule.has_base)
        reduction.add(block, known, total[part.index] if reduction.per_block else total)


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
