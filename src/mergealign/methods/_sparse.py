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

from ..kernels.masked import merge_stays, stays_norms
from ._block import stored_blocks
from ._linear import LinearRule
from ._rule import Reduction, Rule, Span, StoredBlock, Unit
from ._sparsify import ByChance, ByMagnitude, ByRank, Sparsifier

__all__ = ["SparseRule", "linear_rule", "sparse_rule"]

_MOST_KEPT_BYTES = 1 << 24  # of what is remembered of one tensor between two passes
_NO_NORM = 1e-7  # an L1 norm below it is not matched, as in mergekit
_NO_SUM = 1e-8  # a sum of weights below it divides by nothing, as in mergekit


@dataclass(frozen=True)
class _Scales:
    """What gives each thinned delta its norm back.

    Attributes:
        stays: by the start of a block which elements stay, 8 in a byte; empty where that is found again in less time.
    """

    factors: tuple[float, ...]
    stays: Mapping[int, Any]


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
            stays: dict[int, Any] = {}
            return Reduction(
                (len(self.weight), 2), partial(self._add_norms, stays), partial(_find_scales, stays), of_stored=True
            )
        return following

    @property
    def most_passes(self) -> int:
        return 1 + self.sparsifier.most_reductions + self._matches_norms

    @property
    def _matches_norms(self) -> bool:
        return self.rescale and any(density < 1 for density in self.sparsifier.density)

    def _add_norms(self, kept: dict[int, Any], block: StoredBlock, known: Sequence[Any], total: Any) -> None:
        stays = self.sparsifier(block, known)
        stays_norms(block.base, block.tuned, stays, total)
        if self.sparsifier.is_slow and prod(block.span.shape) * len(stays) <= 8 * _MOST_KEPT_BYTES:
            kept[block.span.start] = np.packbits(stays, axis=1)

    def apply(self, sources: Sequence[Any], out: Any, span: Span, known: Sequence[Any]) -> bool:
        scales = _Scales((1.0,) * len(self.weight), {})
        if known and isinstance(known[-1], _Scales):
            scales, known = known[-1], known[:-1]
        weights = np.array(self.weight)
        factors = weights * np.array(scales.factors)
        divisors = np.zeros(len(weights), np.float32)
        if not self.agree:
            factors *= self.scale / (_divisor(self.weight) if self.normalize else 1.0)
        elif self.normalize:
            divisors = weights.astype(np.float32)
        factors = factors.astype(np.float32)
        finite = True
        for block in stored_blocks(self, sources, span):
            n, kept = block.span.n_elements, scales.stays.get(block.span.start)
            stays = self.sparsifier(block, known) if kept is None else np.unpackbits(kept, axis=1, count=n)
            part = out[block.span.start - span.start :][:n]
            finite &= bool(
                merge_stays(block.base, block.tuned, stays, factors, self.agree, divisors, np.float32(self.scale), part)
            )
        return finite


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


def _find_scales(stays: Mapping[int, Any], total: Any, _known: Sequence[Any]) -> _Scales:
    norms = total.sum(axis=0)
    factors = tuple(before / after if min(before, after) >= _NO_NORM else 1.0 for before, after in norms)
    return _Scales(factors, stays)
