"""Which elements of each delta stay: by chance, by chance and rank, by magnitude."""

from __future__ import annotations

import abc
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from ..kernels.masked import stays_between, stays_first
from ..kernels.random import stays_by_chance, stream_key
from ..kernels.rank import stays_by_rank
from ._magnitude import MagnitudeSearch, Ranks, Windows
from ._rule import Reduction, StoredBlock

__all__ = ["ByChance", "ByMagnitude", "ByRank", "Sparsifier"]


@dataclass(frozen=True)
class Sparsifier(abc.ABC):
    """Keeps a share of the elements of each delta.

    Attributes:
        density: the share, in [0, 1], per input. An input of density 1 stays as it is, of density 0 nothing stays.
        is_slow: choosing takes much longer than remembering.
    """

    is_slow: ClassVar[bool] = False
    density: tuple[float, ...]

    @property
    def most_reductions(self) -> int:
        """How many `next_reduction` can ask for."""
        return 0

    def next_reduction(self, known: Sequence[Any]) -> Reduction | None:  # noqa: ARG002
        """What must be known next of a whole tensor."""
        return None

    def __call__(self, block: StoredBlock, known: Sequence[Any]) -> Any:
        """Which elements of each delta stay: 1 or 0, uint8 [K, n]."""
        stays = np.empty((len(self.density), block.span.n_elements), np.uint8)
        for k, (density, of_delta) in enumerate(zip(self.density, stays, strict=True)):
            if 0 < density < 1:
                self._choose(k, block, known, of_delta)
            else:
                of_delta[:] = density > 0
        return stays

    @abc.abstractmethod
    def _choose(self, k: int, block: StoredBlock, known: Sequence[Any], stays: Any) -> None:
        """Fill uint8 [n] with which elements of delta k stay."""


@dataclass(frozen=True)
class ByChance(Sparsifier):
    """Each element stays with probability `density`."""

    def _choose(self, k: int, block: StoredBlock, known: Sequence[Any], stays: Any) -> None:  # noqa: ARG002
        stays_by_chance(self.density[k], stream_key(block.span.key, k), block.span.start, stays)


@dataclass(frozen=True)
class ByRank(Sparsifier):
    """An element stays with probability density − epsilon + 2 · epsilon · rank / (width − 1).

    The rank of its magnitude counts from 0 for the smallest in its row; equal magnitudes share their mean rank. Needs
    whole rows.
    """

    is_slow: ClassVar[bool] = True
    epsilon: tuple[float, ...]

    def __post_init__(self) -> None:
        for density, epsilon in zip(self.density, self.epsilon, strict=True):
            if 0 < density < 1 and not 0 < density - epsilon <= density + epsilon < 1:
                raise ValueError(
                    f"density ± epsilon must lie between 0 and 1: density {density:g} and epsilon {epsilon:g} give "
                    f"{density - epsilon:g} to {density + epsilon:g}"
                )

    def _choose(self, k: int, block: StoredBlock, known: Sequence[Any], stays: Any) -> None:  # noqa: ARG002
        span, density, epsilon = block.span, self.density[k], self.epsilon[k]
        low, high, key = density - epsilon, density + epsilon, stream_key(span.key, k)
        stays_by_rank(block.base, block.tuned[k], span.width, low, high, key, span.start, stays)


@dataclass(frozen=True)
class ByMagnitude(Sparsifier):
    """The elements of largest magnitude stay, after a share `gamma` of all elements, the very largest, is removed.

    Of n elements ⌊gamma · n⌋ are removed, fewer where density needs them, and ⌊density · n⌋ stay, at least `at_least`.
    Of elements of equal magnitude the first stay.
    """

    gamma: tuple[float, ...]
    at_least: int = 0

    @property
    def _search(self) -> MagnitudeSearch:
        thinned = tuple(k for k, density in enumerate(self.density) if 0 < density < 1)
        return MagnitudeSearch(thinned, None, self._ranks)

    def _ranks(self, k: int, n: int, _n_zero: int) -> Ranks:
        n_kept = min(n, max(self.at_least, int(self.density[k] * n)))
        return Ranks(min(int(self.gamma[k] * n), n - n_kept), n_kept)

    @property
    def most_reductions(self) -> int:
        return self._search.most_reductions

    def next_reduction(self, known: Sequence[Any]) -> Reduction | None:
        return self._search.next_reduction(known)

    def _choose(self, k: int, block: StoredBlock, known: Sequence[Any], stays: Any) -> None:
        windows: Windows = known[-1]
        low, high, ties = windows.within(k, block.span)
        stays_between(block.base, block.tuned[k], low, high, stays)
        for magnitude, n_kept in ties:
            stays_first(block.base, block.tuned[k], magnitude, n_kept, stays)
