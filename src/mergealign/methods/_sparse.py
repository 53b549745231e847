"""The sparsifying methods as one: thin out each delta, scale it, add up all or those that agree in sign.

    merged = base + λ · Σ_k w_k s_k · sparse_k(tuned_k − base) / divisor

sparse_k: a `Sparsifier`. s_k: 1, or with `rescale` what gives the thinned delta its old L1 norm back, taken over the
whole tensor. Consensus: of all weighted deltas of an element, only those that have the sign of their sum. divisor: with
`normalize` the sum of the weights that take part, else 1.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from math import prod
from typing import Any, ClassVar

import numpy as np

from ..kernels.sparse import merge_stays, stays_norms
from ._block import scratch, stored_blocks
from ._linear import LinearRule
from ._rule import Reduction, Rule, Span, StoredBlocks, Unit, block_elements
from ._sparsify import ByChance, ByMagnitude, ByRank, Sparsifier

__all__ = ["SparseRule", "linear_rule", "sparse_rule"]

_MOST_KEPT_BYTES = 1 << 24  # of what is remembered of one tensor between two passes
_NO_NORM = 1e-7  # an L1 norm below it is not matched, as in mergekit
_NO_SUM = 1e-8  # a sum of weights below it divides by nothing, as in mergekit


@dataclass(frozen=True)
class _Scales:
    """What gives each thinned delta its norm back.

    Attributes:
        stays: by the start and stop of a span what stays, 8 in a byte; empty where that is found again in less time.
    """

    factors: tuple[float, ...]
    stays: Mapping[tuple[int, int], Any]


@dataclass(frozen=True)
class SparseRule(Rule):
    """See the module.

    Attributes:
        weight: per input.
        agree: whether only deltas that agree in sign are added.
        scale: λ.
    """

    sparsifier: Sparsifier
    weight: tuple[float, ...]
    agree: bool
    normalize: bool
    rescale: bool
    scale: float

    def next_reduction(self, known: Sequence[Any]) -> Reduction | None:
        if known and isinstance(known[-1], _Scales):
            return None
        following = self.sparsifier.next_reduction(known)
        if following is None and self._matches_norms:
            stays: dict[tuple[int, int], Any] = {}
            add, find = partial(self._add_norms, stays), partial(_find_scales, stays)
            return Reduction((len(self.weight), 2), add, find, of_stored=True)
        return following

    @property
    def most_passes(self) -> int:
        return 1 + self.sparsifier.most_reductions + self._matches_norms

    @property
    def _matches_norms(self) -> bool:
        return self.rescale and any(density < 1 for density in self.sparsifier.density)

    def _add_norms(
        self, kept: dict[tuple[int, int], Any], blocks: StoredBlocks, known: Sequence[Any], total: Any
    ) -> None:
        span, packed = blocks.span, None
        block, room = self._room(span)
        if self.sparsifier.is_slow and prod(span.shape) * len(self.weight) <= 8 * _MOST_KEPT_BYTES:
            packed = kept[span.start, span.stop] = np.empty((len(total), len(room), room.shape[1] // 8), np.uint8)
        stays_norms(blocks.base, blocks.tuned, self.sparsifier(span, known), block, room, total, packed)

    def _room(self, span: Span) -> tuple[int, Any]:
        """The elements of a block, and room for what stays of one."""
        block = block_elements(span.shape, self.unit)
        return block, scratch(len(self.weight), -(-min(block, span.n_elements) // 8) * 8, np.uint8)

    def apply(self, sources: Sequence[Any], out: Any, span: Span, known: Sequence[Any]) -> bool:
        scales = _Scales((1.0,) * len(self.weight), {})
        if known and isinstance(known[-1], _Scales):
            scales, known = known[-1], known[:-1]
        weights = np.array(self.weight)
        factors = weights * np.array(scales.factors)
        agreeing = None
        if self.agree:
            agreeing = np.ones((2, len(weights)), np.float32)
            agreeing[1] = weights if self.normalize else 0
        else:
            factors *= self.scale / (_divisor(self.weight) if self.normalize else 1.0)
        block, room = self._room(span)
        kept = scales.stays.get((span.start, span.stop))
        how = self.sparsifier(span, known) if kept is None else (kept,)
        whole = stored_blocks(self, sources, span)
        votes, floor, scale = factors.astype(np.float32), np.float32(-np.inf), np.float32(self.scale)
        return bool(merge_stays(whole.base, whole.tuned, how, block, room, votes, agreeing, floor, scale, out))


class _RandomRule(SparseRule):
    is_random: ClassVar[bool] = True


class _RandomRowRule(_RandomRule):
    unit: ClassVar[Unit] = Unit.ROW


_RULES: dict[type[Sparsifier], type[SparseRule]] = {
    ByMagnitude: SparseRule,
    ByChance: _RandomRule,
    ByRank: _RandomRowRule,
}


def sparse_rule(
    sparsifier: Sparsifier,
    *,
    weight: tuple[float, ...],
    agree: bool,
    normalize: bool,
    rescale: bool,
    lambda_: float,
) -> Rule:
    """The rule of a sparsifying method; the linear one where nothing is thinned out and all deltas are added."""
    if len(weight) == 1 and agree:  # a delta agrees with itself
        agree, normalize, weight = False, False, (float(weight[0] != 0),) if normalize else weight
    if not agree and all(density >= 1 for density in sparsifier.density):
        return linear_rule(weight=weight, normalize=normalize, lambda_=lambda_)
    thins_out = any(0 < density < 1 for density in sparsifier.density)
    rule = _RULES[type(sparsifier)] if thins_out else SparseRule
    return rule(sparsifier, weight, agree, normalize, rescale, lambda_)


def linear_rule(*, weight: tuple[float, ...], normalize: bool, lambda_: float) -> LinearRule:
    """base + λ · Σ_k weight_k · delta_k, with `normalize` divided by Σ_k weight_k."""
    divisor = _divisor(weight) if normalize else 1.0
    return LinearRule(tuple(lambda_ * w / divisor for w in weight))


def _divisor(weight: tuple[float, ...]) -> float:
    total = sum(weight)
    return total if abs(total) >= _NO_SUM else 1.0


def _find_scales(stays: Mapping[tuple[int, int], Any], total: Any, _known: Sequence[Any]) -> _Scales:
    norms = total.sum(axis=0)
    factors = tuple(before / after if min(before, after) >= _NO_NORM else 1.0 for before, after in norms)
    return _Scales(factors, stays)
