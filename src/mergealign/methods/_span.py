"""Methods whose result lies in the span of the inputs: weights that depend on lengths and angles of whole tensors.

The inner products of all vectors say everything about lengths and angles. One pass gathers them, a function turns them
into weights, and the linear rule does the rest.
"""

from __future__ import annotations

import abc
from collections.abc import Sequence
from typing import Any, ClassVar

import numpy as np

from ..kernels.inner import stored_products
from ._linear import LinearRule
from ._rule import PIECE_ELEMENTS, Reduction, Rule, Span, StoredBlocks

__all__ = ["SpanRule"]


class SpanRule(Rule):
    """out = base + Σ_k c_k · (tuned_k − base), or Σ_k c_k · model_k without a base, with c = weights(gram).

    NaN or infinity in an input makes the inner products such, and with them the weights and the whole result.
    """

    shows_nan: ClassVar[bool] = True
    n_inputs: int

    @property
    def reductions(self) -> tuple[Reduction, ...]:
        shape = self.n_inputs, self.n_inputs
        return (Reduction(shape, _add, self._combination, of_stored=True),)

    def _combination(self, total: Any, _known: Sequence[Any]) -> LinearRule:
        gram = total.sum(axis=0)
        weights = self.weights(gram) if np.isfinite(gram).all() else [np.nan] * self.n_inputs
        return LinearRule(tuple(map(float, weights)), has_base=self.has_base)

    def apply(self, sources: Sequence[Any], out: Any, span: Span, known: Sequence[Any]) -> bool:
        combination: LinearRule = known[0]
        return combination.apply(sources, out, span, ())

    @abc.abstractmethod
    def weights(self, gram: Any) -> Sequence[float]:
        """Weights [K] from the inner products, float64 [K, K], of the deltas (of the models without a base).

        Raises ValueError, in words, where there is no answer.
        """


def _add(blocks: StoredBlocks, _known: Sequence[Any], total: Any) -> None:
    stored_products(blocks.base, blocks.tuned, PIECE_ELEMENTS, total)
