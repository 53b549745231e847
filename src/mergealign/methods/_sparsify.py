"""Which elements of each delta stay: by chance, by chance and rank, by magnitude."""

from __future__ import annotations

import abc
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from ..kernels.random import stream_key
from ._magnitude import ALL, NO_WINDOWS, NONE, MagnitudeSearch, Ranks, Windows
from ._rule import Reduction, Span

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

    @abc.abstractmethod
    def __call__(self, span: Span, known: Sequence[Any]) -> tuple[Any, ...]:
        """Which elements of a span of each delta stay: `how`, as kernels/sparse.py takes it."""

    def _keys(self, span: Span) -> Any:
        return np.array([stream_key(span.key, k) for k in range(len(self.density))], np.uint64)


@dataclass(frozen=True)
class ByChance(Sparsifier):
    """Each element stays with probability `density`."""

    def __call__(self, span: Span, known: Sequence[Any]) -> tuple[Any, ...]:  # noqa: ARG002
        return np.array(self.density, np.float32), self._keys(span), span.start


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

    def __call__(self, span: Span, known: Sequence[Any]) -> tuple[Any, ...]:  # noqa: ARG002
        density = np.array(self.density)
        epsilon = np.where((density > 0) & (density < 1), self.epsilon, 0)
        return density - epsilon, density + epsilon, self._keys(span), span.start, span.width


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
        return MagnitudeSearch(thinned, self._ranks)

    def _ranks(self, k: int, n: int, _n_zero: int) -> Ranks:
        n_kept = min(n, max(self.at_least, int(self.density[k] * n)))
        return Ranks(min(int(self.gamma[k] * n), n - n_kept), n_kept)

    @property
    def most_reductions(self) -> int:
        return self._search.most_reductions

    def next_reduction(self, known: Sequence[Any]) -> Reduction | None:
        return self._search.next_reduction(known)

    def __call__(self, span: Span, known: Sequence[Any]) -> tuple[Any, ...]:
        otherwise = tuple(ALL if density > 0 else NONE for density in self.density)
        windows: Windows = known[-1] if self._search.rows else NO_WINDOWS
        return windows.within(range(len(self.density)), otherwise, span)
