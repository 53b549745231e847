"""What a merge method makes: a rule that turns the same range of several tensors into that range of the result.

A rule works on one range of elements at a time and knows no file, no name and no model. It says on what it must not be
cut (`unit`), and what it must know of the whole tensor before it can start (`reductions`): the engine then reads the
tensor once more for each.
"""

from __future__ import annotations

import abc
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from math import prod
from typing import Any, ClassVar

import numpy as np

__all__ = ["PIECE_ELEMENTS", "Block", "Reduction", "Rule", "Span", "StoredBlocks", "Unit", "block_elements"]

PIECE_ELEMENTS = 1 << 16
"""Elements of a block: a few of them fit into the second-level cache of a core."""


class Unit(StrEnum):
    """The smallest part of a tensor that a rule can work on."""

    ELEMENT = "element"
    ROW = "row"
    MATRIX = "matrix"


@dataclass(frozen=True)
class Span:
    """The elements `start` to `stop` of a tensor of this shape.

    Attributes:
        key: of the tensor's random numbers.
        index: number of this block within the tensor; 0 for a span that is no block.
    """

    start: int
    stop: int
    shape: tuple[int, ...]
    key: int = 1
    index: int = 0

    @property
    def n_elements(self) -> int:
        return self.stop - self.start

    @property
    def width(self) -> int:
        """Elements in a row: the last dimension; a tensor of one dimension is one row."""
        return max(1, self.shape[-1]) if self.shape else 1

    def blocks(self, unit: Unit) -> Iterator[Span]:
        """This span, cut where the tensor's shape says; a span begins and ends at such a place or with the tensor."""
        step = block_elements(self.shape, unit)
        for start in range(self.start, self.stop, step):
            yield Span(start, min(start + step, self.stop), self.shape, self.key, start // step)

    def places(self, unit: Unit) -> slice:
        """The numbers of the blocks of this span."""
        step = block_elements(self.shape, unit)
        return slice(self.start // step, -(-self.stop // step))


def block_elements(shape: tuple[int, ...], unit: Unit) -> int:
    """Elements of one block of a tensor: a whole number of rows for rules on rows, all for rules on matrices."""
    if unit is Unit.MATRIX:
        return max(1, prod(shape))
    if unit is Unit.ROW:
        width = max(1, shape[-1]) if shape else 1
        return max(1, PIECE_ELEMENTS // width) * width
    return PIECE_ELEMENTS


@dataclass(frozen=True)
class Block:
    """One block in float32.

    Attributes:
        base: [n]; None for a rule without a base.
        deltas: [K, n], tuned − base; the models themselves for a rule without a base.
        span: where it lies.
    """

    base: Any
    deltas: Any
    span: Span


@dataclass(frozen=True)
class StoredBlocks:
    """All blocks of a span, as their numbers are stored: for compiled loops that decode them on the way.

    Attributes:
        base: [n]; None for a rule without a base.
        tuned: K arrays [n] of one format.
        span: where it lies.
    """

    base: Any
    tuned: tuple[Any, ...]
    span: Span


@dataclass(frozen=True)
class Reduction:
    """Something to know of a whole tensor, gathered block by block.

    Attributes:
        shape, dtype: of an array that begins as zeros and is filled block by block.
        add: adds the share of a block, given what earlier reductions found: a `Block`, or with `of_stored` a
            `StoredBlocks`, and with `per_block` the arrays of each of them.
        finish: the finding, made of the arrays (which are used again: it keeps none) and what earlier reductions found.
        per_block: True keeps one array per block ([n_blocks, *shape]), for sums whose order matters;
            False adds them all up in any order, for counts.
    """

    shape: tuple[int, ...]
    add: Callable[[Any, Sequence[Any], Any], None]
    finish: Callable[[Any, Sequence[Any]], Any]
    dtype: type[np.float64] | type[np.int64] = np.float64
    per_block: bool = True
    of_stored: bool = False


class Rule(abc.ABC):
    """How the inputs of one tensor become one.

    Class attributes:
        unit: what it must not be cut below.
        has_base: the first source is the base, and deltas to it are merged.
        is_random: it draws random numbers, so a seed is recorded.
        shows_nan: NaN in any input comes out as NaN, so that inputs need no look of their own.
    """

    unit: ClassVar[Unit] = Unit.ELEMENT
    is_random: ClassVar[bool] = False
    shows_nan: ClassVar[bool] = False
    has_base: bool = True

    @property
    def selects(self) -> int | None:
        """The one source that is the result, if there is no arithmetic to do."""
        return None

    @property
    def reductions(self) -> tuple[Reduction, ...]:
        """What has to be known first, in order."""
        return ()

    def next_reduction(self, known: Sequence[Any]) -> Reduction | None:
        """What has to be known next, given the findings so far; None where the merge can begin.

        For rules whose passes depend on what earlier ones find; others name all `reductions` beforehand.
        """
        return self.reductions[len(known)] if len(known) < len(self.reductions) else None

    @property
    def most_passes(self) -> int:
        """How often the sources are read at most, the merge included; rules with conditional passes know better."""
        return 1 + len(self.reductions)

    def scratch_bytes(self, shape: tuple[int, ...]) -> int:  # noqa: ARG002
        """Memory that a rule on matrices needs for one of them, beside the stored numbers."""
        return 0

    @abc.abstractmethod
    def apply(self, sources: Sequence[Any], out: Any, span: Span, known: Sequence[Any]) -> bool:
        """Merge stored numbers (see kernels/codecs.py) of the sources into `out`; whether all of it is finite.

        Args:
            known: the findings of `reductions`, in order.
        """
