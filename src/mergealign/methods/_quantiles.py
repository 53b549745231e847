"""Quantiles of non-negative numbers that a block is turned into: exact, in two passes of counting, without sorting."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np

from ..kernels.magnitude import BIN_SIZE, N_BINS, bin_magnitudes
from ._rule import Reduction, StoredBlocks

__all__ = ["Numbers", "Places", "QuantileSearch"]


class Numbers(Protocol):
    """The numbers that a block is turned into, float32, non-negative, as counts of their bits (kernels/magnitude.py).

    They may remember something of the first pass for later ones: the first finding names those of that pass.
    """

    def count_bins(self, block: StoredBlocks, counts: Any) -> None:
        """Add the numbers in each bin to counts, int64 [N_BINS]."""

    def count_within(self, block: StoredBlocks, firsts: Any, counts: Any) -> None:
        """Add the numbers of bits firsts[m] + j to counts[m, j], int64 [M, BIN_SIZE]."""


@dataclass(frozen=True)
class _Place:
    """A number that is known to be one of these magnitudes (float32 bits), and its rank among them, from 0."""

    magnitudes: range
    rank: int


@dataclass(frozen=True)
class Places:
    """What the first pass finds."""

    places: tuple[_Place, ...]
    numbers: Numbers


@dataclass(frozen=True)
class QuantileSearch:
    """Finds the elements of rank ⌊q (n − 1)⌋, in rising order, of n numbers.

    Attributes:
        numbers: what is searched.
        levels: the q, in [0, 1].
        conclude: makes the finding of the quantiles, float32 [n_levels].
    """

    numbers: Numbers
    levels: tuple[float, ...]
    conclude: Callable[[Any], Any]

    @property
    def reductions(self) -> tuple[Reduction, Reduction]:
        bins = Reduction((N_BINS,), self._add_bins, self._find_bins, np.int64, per_block=False, of_stored=True)
        within = Reduction(
            (len(self.levels), BIN_SIZE), _add_within, self._find_within, np.int64, per_block=False, of_stored=True
        )
        return bins, within

    def _add_bins(self, block: StoredBlocks, _known: Any, total: Any) -> None:
        self.numbers.count_bins(block, total)

    def _find_bins(self, total: Any, _known: Any) -> Places:
        up_to = np.cumsum(total)
        places = []
        for q in self.levels:
            rank = int(q * (int(up_to[-1]) - 1))
            index = int(np.searchsorted(up_to, rank, side="right"))
            places.append(_Place(bin_magnitudes(index), rank - (int(up_to[index - 1]) if index else 0)))
        return Places(tuple(places), self.numbers)

    def _find_within(self, total: Any, known: Any) -> Any:
        found = [
            place.magnitudes.start + int(np.searchsorted(np.cumsum(counts), place.rank, side="right"))
            for place, counts in zip(known[0].places, total, strict=True)
        ]
        return self.conclude(np.array(found, np.int32).view(np.float32))


def _add_within(block: StoredBlocks, known: Any, total: Any) -> None:
    first: Places = known[0]
    starts = np.array([place.magnitudes.start for place in first.places], np.int32)
    first.numbers.count_within(block, starts, total)
