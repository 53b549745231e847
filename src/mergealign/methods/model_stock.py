"""Model Stock: the average of fine-tuned models, drawn towards the base the more they disagree.

    merged = t · average + (1 − t) · base,   t = N cos θ / (1 + (N − 1) cos θ)

with N fine-tuned models and cos θ the mean over all pairs of the cosine between their differences from the base. Jang
et al., "Model Stock", arXiv 2403.19522. Each tensor is one vector, or with `filter_wise` each row (the last dimension).
A model that equals the base has cosine 0 with any other; where 1 + (N − 1) cos θ vanishes, the base stays.

On purpose not as in mergekit 0.1.5: there, products of two lengths below 1e-6 are raised to 1e-6 before dividing, which
shrinks the cosine (and t) of small differences; here t does not depend on the scale of the differences, as in the
paper.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from ..kernels.angles import stock_weights
from ..recipe.signature import Inputs, takes
from ._rows import RowsRule
from ._rule import Rule
from ._span import SpanRule

__all__ = ["model_stock"]


@dataclass(frozen=True)
class _OfTensors(SpanRule):
    n_inputs: int

    def weights(self, gram: Any) -> Any:
        weights = np.empty((1, self.n_inputs))
        stock_weights(gram[None], weights)
        return weights[0]


@dataclass(frozen=True)
class _OfRows(RowsRule):
    def weights(self, grams: Any, weights: Any) -> None:
        stock_weights(grams, weights)


@takes(base="required", min_inputs=2)
def model_stock(*, filter_wise: bool = False, inputs: Inputs) -> Rule:
    """The rule for two fine-tuned models or more.

    Args:
        filter_wise: one t per row (unit: row) instead of one per tensor (unit: element, one pass for inner products).
    """
    return _OfRows() if filter_wise else _OfTensors(inputs.n)
