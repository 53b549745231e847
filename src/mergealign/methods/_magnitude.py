"""The elements of given ranks of magnitude in whole tensors: found in two or three passes, exactly, without sorting.

The first pass counts magnitudes in bins, the second within the bins that hold the ends of what is wanted. Where not all
elements at an end are wanted, a third counts them per block, so that each block knows how many of its own stay: the
first in the order of elements, wherever the tensor is cut.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from ..kernels.magnitude import (
    BIN_SIZE,
    N_BINS,
    bin_magnitudes,
    count_delta_bins,
    count_delta_equal,
    count_delta_within,
)
from ._rule import Reduction, Span, StoredBlocks, Unit, block_elements

__all__ = ["ALL", "NONE", "NO_WINDOWS", "MagnitudeSearch", "Ranks", "Windows"]

_NO_LIMIT = 0x7FFF_FFFF
ALL, NONE = (0, _NO_LIMIT), (1, 0)
"""Limits between which all magnitudes lie, and none."""


@dataclass(frozen=True)
class Ranks:
    """What is wanted of a vector: `n_kept` elements, the largest after the `n_top` very largest."""

    n_top: int
    n_kept: int


@dataclass(frozen=True)
class _End:
    """Where the smallest or the largest wanted element of a vector is.

    Attributes:
        rank: in falling order of magnitudes, from 0.
        is_largest: which of the two it is.
        magnitudes: those it is known to be one of.
        n_above, n_at: how many elements are larger than all these, and how many are among them.
    """

    row: int
    rank: int
    is_largest: bool
    magnitudes: range
    n_above: int
    n_at: int

    @property
    def n_wanted(self) -> int:
        """How many elements of these magnitudes are wanted, unless the other end is among them too."""
        return self.n_above + self.n_at - self.rank if self.is_largest else self.rank + 1 - self.n_above


@dataclass(frozen=True)
class _Ends:
    """What the first pass finds: what is wanted of each vector, and the ends of it (no largest where n_top is 0)."""

    wanted: Mapping[int, Ranks]
    ends: tuple[_End, ...]

    @property
    def open(self) -> tuple[_End, ...]:
        """The ends that have to be looked at more closely."""
        return tuple(end for end in self.ends if len(end.magnitudes) > 1 and end.n_wanted < end.n_at)


@dataclass(frozen=True)
class _Tie:
    """Of the elements of one magnitude in a vector, the first `n_kept` are wanted."""

    row: int
    magnitude: int
    n_kept: int


@dataclass(frozen=True)
class Windows:
    """What is wanted of each vector: all magnitudes between two limits, both included, but for ties.

    Attributes:
        rows: of the vectors.
        limits: int32 [1, n_rows, 2], as float bits; [n_blocks, n_rows, 2] when ties have been counted.
        shared: int64 [n, 4], block, row, magnitude and m: of the elements of a magnitude in a block only the first m
            are wanted; None until ties have been counted.
    """

    rows: tuple[int, ...]
    limits: Any
    ties: tuple[_Tie, ...]
    shared: Any = None

    def within(self, rows: Sequence[int], otherwise: Sequence[tuple[int, int]], span: Span) -> tuple[Any, Any, Any]:
        """What is wanted of the blocks of a span, as `how` of kernels/sparse.py.

        Args:
            rows: by input, of the vector that decides what is wanted of it.
            otherwise: by input, the limits if its vector is none of these `rows`.
        """
        places = span.places(Unit.ELEMENT)
        found = self.limits[places if self.shared is not None else slice(1)]
        limits = np.empty((len(found), len(rows), 2), np.int32)
        for k, row in enumerate(rows):
            limits[:, k] = found[:, self.rows.index(row)] if row in self.rows else otherwise[k]
        shared = np.empty((0, 4), np.int64)
        if self.shared is not None:
            here = (self.shared[:, 0] >= places.start) & (self.shared[:, 0] < places.stop)
            shared = self.shared[here] - [places.start, 0, 0, 0]
        return np.array(rows, np.int64), limits, shared


NO_WINDOWS = Windows((), np.empty((1, 0, 2), np.int32), ())
"""Of no vector at all."""


@dataclass(frozen=True)
class MagnitudeSearch:
    """Finds `Windows` for some vectors: deltas, or their variance. Blocks are those of rules on elements.

    Attributes:
        rows: of these vectors: numbers of inputs, or VARIANCE (kernels/masked.py).
        ranks: what is wanted, given the row, the number of its elements and of the zeros among them.
    """

    rows: tuple[int, ...]
    ranks: Callable[[int, int, int], Ranks]

    @property
    def most_reductions(self) -> int:
        """Of `next_reduction`: bins, within a bin, ties."""
        return 3 if self.rows else 0

    def next_reduction(self, known: Sequence[Any]) -> Reduction | None:
        """The next pass, given the findings so far; the last of them is `Windows`, if there are rows to look at."""
        if not self.rows:
            return None
        if not known:
            bins = len(self.rows), N_BINS
            return Reduction(bins, self._add_bins, self._find_bins, np.int64, per_block=False, of_stored=True)
        found: _Ends | Windows = known[-1]
        if isinstance(found, _Ends):
            within = len(found.open), BIN_SIZE
            return Reduction(within, _add_within, _find_within, np.int64, per_block=False, of_stored=True)
        if found.ties and found.shared is None:
            return Reduction((len(found.ties),), _add_ties, _share_ties, np.int64, of_stored=True)
        return None

    def _add_bins(self, block: StoredBlocks, _known: Sequence[Any], total: Any) -> None:
        count_delta_bins(block.base, block.tuned, np.array(self.rows, np.int64), total)

    def _find_bins(self, total: Any, _known: Sequence[Any]) -> _Ends | Windows:
        wanted: dict[int, Ranks] = {}
        ends = []
        for counts, row in zip(total, self.rows, strict=True):
            ranks = wanted[row] = self.ranks(row, int(counts.sum()), int(counts[0]))
            places = {False: ranks.n_top + ranks.n_kept - 1} if ranks.n_kept else {}
            if ranks.n_kept and ranks.n_top:
                places[True] = ranks.n_top
            for is_largest, rank in places.items():
                place, n_above, n_at = _place(counts, rank)
                ends.append(_End(row, rank, is_largest, bin_magnitudes(place), n_above, n_at))
        found = _Ends(wanted, tuple(ends))
        return found if found.open else _windows(found)


def _add_within(block: StoredBlocks, known: Sequence[Any], total: Any) -> None:
    rows, firsts = zip(*((end.row, end.magnitudes.start) for end in known[-1].open), strict=True)
    count_delta_within(block.base, block.tuned, np.array(rows, np.int64), np.array(firsts, np.int32), total)


def _add_ties(blocks: StoredBlocks, known: Sequence[Any], total: Any) -> None:
    rows, magnitudes = zip(*((tie.row, tie.magnitude) for tie in known[-1].ties), strict=True)
    step = block_elements(blocks.span.shape, Unit.ELEMENT)
    args = np.array(rows, np.int64), np.array(magnitudes, np.int32), step, total
    count_delta_equal(blocks.base, blocks.tuned, *args)


def _place(counts: Any, rank: int) -> tuple[int, int, int]:
    """The bin that holds the element of a rank in falling order; the numbers of elements above and in that bin."""
    from_top = np.cumsum(counts[::-1])
    at = int(np.searchsorted(from_top, rank, side="right"))
    n_at = int(counts[counts.size - 1 - at])
    return counts.size - 1 - at, int(from_top[at]) - n_at, n_at


def _find_within(total: Any, known: Sequence[Any]) -> Windows:
    found: _Ends = known[-1]
    exact = {}
    for end, counts in zip(found.open, total, strict=True):
        place, n_above, n_at = _place(counts, end.rank - end.n_above)
        magnitude = end.magnitudes[place]
        exact[end] = replace(end, magnitudes=range(magnitude, magnitude + 1), n_above=end.n_above + n_above, n_at=n_at)
    return _windows(replace(found, ends=tuple(exact.get(end, end) for end in found.ends)))


def _windows(found: _Ends) -> Windows:
    limits = np.empty((1, len(found.wanted), 2), np.int32)
    ties: list[_Tie] = []
    for i, (row, ranks) in enumerate(found.wanted.items()):
        ends = [end for end in found.ends if end.row == row]
        low = next((end.magnitudes[0] for end in ends if not end.is_largest), 1)
        high = next((end.magnitudes[-1] for end in ends if end.is_largest), _NO_LIMIT if ends else 0)
        limits[:, i] = low, high
        if low == high:
            ends = [replace(ends[0], rank=ends[0].n_above + ranks.n_kept - 1, is_largest=False)]
        ties += [
            _Tie(row, end.magnitudes[0], end.n_wanted)
            for end in ends
            if end.n_wanted < end.n_at and end.magnitudes[0] > 0  # zeros may stay or not
        ]
    return Windows(tuple(found.wanted), limits, tuple(ties))


def _share_ties(total: Any, known: Sequence[Any]) -> Windows:
    """Give the first elements of each tie to the blocks in order."""
    windows: Windows = known[-1]
    before = np.cumsum(total, axis=0) - total
    n_kept = np.clip([tie.n_kept for tie in windows.ties] - before, 0, total)
    limits = np.repeat(windows.limits, len(total), axis=0)
    shared = []
    for tie, n_tied, kept in zip(windows.ties, total.T, n_kept.T, strict=True):
        of_row = limits[:, windows.rows.index(tie.row)]
        low, high = windows.limits[0, windows.rows.index(tie.row)]
        none = (kept == 0) & (n_tied > 0)
        of_row[none] += [tie.magnitude == low, -int(tie.magnitude == high)]
        shared += [(i, tie.row, tie.magnitude, kept[i]) for i in np.flatnonzero((kept > 0) & (kept < n_tied))]
    return replace(windows, limits=limits, shared=np.array(shared, np.int64).reshape(-1, 4))
