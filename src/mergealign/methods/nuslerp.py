"""NuSLERP: SLERP of two models, or of their differences from a base, with weights in the place of t.

    merged = base + sin((1 − t) Ω) / sin Ω · τ_1 + sin(t Ω) / sin Ω · τ_2,   t = weight_2 / (weight_1 + weight_2)

with τ_k = model_k − base, or the models themselves where no base is named (`base` is then 0). Defined by mergekit; no
paper. Ω is the angle between the whole tensors (`nuslerp_flatten`), or that of each row (the last dimension), or with
`nuslerp_row_wise` of each column: all that has one index in every dimension but the first. (The name is mergekit's.)
Vectors that are parallel or opposite within 1e-7 rad are interpolated linearly; a zero vector is orthogonal to any
other.

On purpose not as in mergekit 0.1.5: weights that sum to zero are refused (there: t = 0.5); opposite vectors are told
from nearly opposite ones in float64 (there in float32, where the weights of what is rounding noise reach thousands).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from ..kernels.angles import arc_weights
from ..recipe.signature import Inputs, PerInput, takes
from ._rows import ColumnsRule, RowsRule
from ._rule import Rule
from ._span import SpanRule
from ._weights import normalized

__all__ = ["nuslerp"]

STRAIGHT = 1e-14
"""sin² Ω up to here tells parallel or opposite vectors; float64 inner products resolve no more."""


@dataclass(frozen=True)
class _OfTensors(SpanRule):
    t: float
    has_base: bool
    n_inputs: int = 2

    def weights(self, gram: Any) -> Any:
        weights = np.empty((1, 2))
        arc_weights(gram[None], self.t, STRAIGHT, weights)
        return weights[0]


@dataclass(frozen=True)
class _OfRows(RowsRule):
    t: float
    has_base: bool

    def weights(self, grams: Any, weights: Any) -> None:
        arc_weights(grams, self.t, STRAIGHT, weights)


@dataclass(frozen=True)
class _OfColumns(ColumnsRule):
    t: float
    has_base: bool
    n_inputs: int = 2

    def weights(self, grams: Any, weights: Any) -> None:
        arc_weights(grams, self.t, STRAIGHT, weights)


@takes(base="optional", min_inputs=2, max_inputs=2)
def nuslerp(
    *, weight: PerInput[float], nuslerp_row_wise: bool = False, nuslerp_flatten: bool = True, inputs: Inputs
) -> Rule:
    """The rule for one weight per model; a negative one goes beyond the other model.

    Args:
        nuslerp_flatten: one angle for each whole tensor (unit: element, one pass for the inner products).
        nuslerp_row_wise: without it, an angle per row (unit: row) or, if True, per column (unit: matrix, in memory).
    Raises:
        ValueError: the weights sum to zero.
    """
    t = normalized(weight)[1]
    kind = _OfTensors if nuslerp_flatten else _OfColumns if nuslerp_row_wise else _OfRows
    return kind(t, inputs.has_base)
