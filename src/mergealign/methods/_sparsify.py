"""Which elements of each delta stay: by chance, by chance and rank, by magnitude; the others become zero."""

from __future__ import annotations

import abc
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from ..kernels.random import keep_by_chance, stream_key
from ..kernels.rank import keep_by_rank
from ._magnitude import MagnitudeSearch, Ranks, Windows
from ._rule import Reduction, Span

__all__ = ["ByChance", "ByMagnitude", "ByRank", "Sparsifier"]


@dataclass(frozen=True)
class Sparsifier(abc.ABC):
    """Keeps a share of the elements of each delta.

    Attributes:
        density: the share, in [0, 1], per input. An input of density 1 stays as it is, of density 0 nothing stays.
    """

    density: tuple[float, ...]

    @property
    def most_reductions(self) -> int:
        """How many `next_reduction` can ask for."""
        return 0

    def next_reduction(self, known: Sequence[Any]) -> Reduction | None:  # noqa: ARG002
        """What must be known next of a whole tensor."""
        return None

    def __call__(self, deltas: Any, span: Span, known: Sequence[Any]) -> None:
        """Set to zero what does not stay in deltas, float32 [K, n], in place."""
        for k, (density, delta) in enumerate(zip(self.density, deltas, strict=True)):
            if density <= 0:
                delta[:] = 0
            elif density < 1:
                self._thin_out(k, delta.view(np.int32), span, known)

    @abc.abstractmethod
    def _thin_out(self, k: int, bits: Any, span: Span, known: Sequence[Any]) -> None:
        """Set to zero what does not stay of delta k, given as its bits."""


@dataclass(frozen=True)
class ByChance(Sparsifier):
    """Each element stays with probability `density`."""

    def _thin_out(self, k: int, bits: Any, span: Span, known: Sequence[Any]) -> None:  # noqa: ARG002
        keep_by_chance(bits, self.density[k], stream_key(span.key, k), span.start)


@dataclass(frozen=True)
class ByRank(Sparsifier):
    """An element stays with probability density − epsilon + 2 · epsilon · rank / (width − 1).

    The rank of its magnitude counts from 0 for the smallest in its row; equal magnitudes share their mean rank. Needs
    whole rows.
    """

    epsilon: tuple[float, ...]

    def __post_init__(self) -> None:
        for density, epsilon in zip(self.density, self.epsilon, strict=True):
            if 0 < density < 1 and not 0 < density - epsilon <= density + epsilon < 1:
                raise ValueError(
                    f"density ± epsilon must lie between 0 and 1: density {density:g} and epsilon {epsilon:g} give "
                    f"{density - epsilon:g} to {density + epsilon:g}"
                )

    def _thin_out(self, k: int, bits: Any, span: Span, known: Sequence[Any]) -> None:  # noqa: ARG002
        density, epsilon = self.density[k], self.epsilon[k]
        keep_by_rank(bits, span.width, density - epsilon, density + epsilon, stream_key(span.key, k), span.start)


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
        return MagnitudeSearch(thinned, lambda block: block.deltas, self._ranks)

    def _ranks(self, k: int, n: int, _n_zero: int) -> Ranks:
        n_kept = min(n, max(self.at_least, int(self.density[k] * n)))
        return Ranks(min(int(self.gamma[k] * n), n - n_kept), n_kept)

    @property
    def most_reductions(self) -> int:
        return self._search.most_reductions

    def next_reduction(self, known: Sequence[Any]) -> Reduction | None:
        return self._search.next_reduction(known)

    def _thin_out(self, k: int, bits: Any, span: Span, known: Sequence[Any]) -> None:
        windows: Windows = known[-1]
        windows.keep(k, bits, span)
