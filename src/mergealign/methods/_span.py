"""Methods whose result lies in the span of the inputs: weights that depend on lengths and angles of whole tensors.

The inner products of all vectors say everything about lengths and angles. One pass gathers them, a function turns them
into weights, and the linear rule does the rest.
"""

from __future__ import annotations

import abc
from collections.abc import Sequence
from typing import Any

from ..kernels.inner import stored_products
from ._linear import LinearRule
from ._rule import Reduction, Rule, Span, StoredBlock

__all__ = ["SpanRule"]


class SpanRule(Rule):
    """out = base + Σ_k c_k · (tuned_k − base), or Σ_k c_k · model_k without a base, with c = weights(gram)."""

    n_inputs: int

    @property
    def reductions(self) -> tuple[Reduction, ...]:
        return (Reduction((self.n_inputs, self.n_inputs), _add, self._combination, of_stored=True),)

    def _combination(self, total: Any, _known: Sequence[Any]) -> LinearRule:
        return LinearRule(tuple(map(float, self.weights(total.sum(axis=0)))), has_base=self.has_base)

    def apply(self, sources: Sequence[Any], out: Any, span: Span, known: Sequence[Any]) -> bool:
        combination: LinearRule = known[0]
        return combination.apply(sources, out, span, ())

    @abc.abstractmethod
    def weights(self, gram: Any) -> Sequence[float]:
        """Weights [K] from the inner products, float64 [K, K], of the deltas (of the models without a base).

        Raises ValueError, in words, where there is no answer.
        """


def _add(block: StoredBlock, _known: Sequence[Any], total: Any) -> None:
    stored_products(block.base, block.tuned, total)
