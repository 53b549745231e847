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
    count_bins,
    count_delta_bins,
    count_delta_equal,
    count_delta_within,
    count_equal,
    count_within,
    keep_between,
    keep_first,
)
from ._rule import Block, Reduction, Span, StoredBlock

__all__ = ["MagnitudeSearch", "Ranks", "Windows"]

_NO_LIMIT = 0x7FFF_FFFF


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
        limits: by row, as float bits.
        n_tied, n_kept: [n_blocks, n_ties], the elements of a tie in each block, and how many of them are wanted; None
            until they have been counted.
    """

    limits: Mapping[int, tuple[int, int]]
    ties: tuple[_Tie, ...]
    n_tied: Any = None
    n_kept: Any = None

    def keep(self, row: int, bits: Any, span: Span) -> None:
        """Set to zero what is not wanted of a block of a vector, int32 bits [n] of float32."""
        low, high, ties = self.within(row, span)
        keep_between(bits, low, high)
        for magnitude, n_kept in ties:
            keep_first(bits, magnitude, n_kept)

    def within(self, row: int, span: Span) -> tuple[Any, Any, list[tuple[Any, int]]]:
        """What is wanted of a block of a vector: magnitudes between two limits, but of some the first n alone."""
        low, high = self.limits[row]
        partial = []
        for t, tie in enumerate(self.ties):
            if tie.row != row:
                continue
            n_tied, n_kept = (int(counts[span.index, t]) for counts in (self.n_tied, self.n_kept))
            if 0 < n_kept < n_tied:
                partial.append((np.int32(tie.magnitude), n_kept))
            elif n_kept < n_tied:
                low, high = low + (tie.magnitude == low), high - (tie.magnitude == high)
        return np.int32(low), np.int32(high), partial


@dataclass(frozen=True)
class MagnitudeSearch:
    """Finds `Windows` for some of the vectors that a block is turned into.

    Attributes:
        rows: of these vectors.
        vectors: makes them all, float32 [K, n], of a block; None: they are the deltas, counted without decoding them
            into memory first.
        ranks: what is wanted, given the row, the number of its elements and of the zeros among them.
    """

    rows: tuple[int, ...]
    vectors: Callable[[Block], Any] | None
    ranks: Callable[[int, int, int], Ranks]

    @property
    def most_reductions(self) -> int:
        """Of `next_reduction`: bins, within a bin, ties."""
        return 3 if self.rows else 0

    def next_reduction(self, known: Sequence[Any]) -> Reduction | None:
        """The next pass, given the findings so far; the last of them is `Windows`, if there are rows to look at."""
        if not self.rows:
            return None
        of_stored = self.vectors is None
        if not known:
            bins = len(self.rows), N_BINS
            return Reduction(bins, self._add_bins, self._find_bins, np.int64, per_block=False, of_stored=of_stored)
        found: _Ends | Windows = known[-1]
        if isinstance(found, _Ends):
            within = len(found.open), BIN_SIZE
            return Reduction(within, self._add_within, _find_within, np.int64, per_block=False, of_stored=of_stored)
        if found.ties and found.n_tied is None:
            return Reduction((len(found.ties),), self._add_ties, _share_ties, np.int64, of_stored=of_stored)
        return None

    def _bits(self, block: Block) -> Any:
        return (self.vectors(block) if self.vectors else block.deltas).view(np.int32)

    def _add_bins(self, block: Block | StoredBlock, _known: Sequence[Any], total: Any) -> None:
        if isinstance(block, StoredBlock):
            for counts, row in zip(total, self.rows, strict=True):
                count_delta_bins(block.base, block.tuned[row], counts)
            return
        bits = self._bits(block)
        for counts, row in zip(total, self.rows, strict=True):
            count_bins(bits[row], counts)

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

    def _add_within(self, block: Block | StoredBlock, known: Sequence[Any], total: Any) -> None:
        ends = known[-1].open
        bits: Any = None if isinstance(block, StoredBlock) else self._bits(block)
        for row in sorted({end.row for end in ends}):
            at = [i for i, end in enumerate(ends) if end.row == row]  # they follow each other
            starts = np.array([ends[i].magnitudes.start for i in at], np.int32)
            counts = total[at[0] : at[-1] + 1]
            if isinstance(block, StoredBlock):
                count_delta_within(block.base, block.tuned[row], starts, counts)
            else:
                count_within(bits[row], starts, counts)

    def _add_ties(self, block: Block | StoredBlock, known: Sequence[Any], total: Any) -> None:
        ties = known[-1].ties
        if isinstance(block, StoredBlock):
            rows, magnitudes = np.array([(tie.row, tie.magnitude) for tie in ties], np.int32).T.copy()
            count_delta_equal(block.base, block.tuned, rows, magnitudes, total)
            return
        bits = self._bits(block)
        for t, tie in enumerate(ties):
            total[t] += count_equal(bits[tie.row], np.int32(tie.magnitude))


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
    limits = {}
    ties: list[_Tie] = []
    for row, ranks in found.wanted.items():
        ends = [end for end in found.ends if end.row == row]
        low = next((end.magnitudes[0] for end in ends if not end.is_largest), 1)
        high = next((end.magnitudes[-1] for end in ends if end.is_largest), _NO_LIMIT if ends else 0)
        limits[row] = low, high
        if low == high:
            ends = [replace(ends[0], rank=ends[0].n_above + ranks.n_kept - 1, is_largest=False)]
        ties += [
            _Tie(row, end.magnitudes[0], end.n_wanted)
            for end in ends
            if end.n_wanted < end.n_at and end.magnitudes[0] > 0  # zeros may stay or not
        ]
    return Windows(limits, tuple(ties))


def _share_ties(total: Any, known: Sequence[Any]) -> Windows:
    """Give the first elements of each tie to the blocks in order."""
    windows: Windows = known[-1]
    before = np.cumsum(total, axis=0) - total
    n_kept = np.clip([tie.n_kept for tie in windows.ties] - before, 0, total)
    return replace(windows, n_tied=total, n_kept=n_kept)
