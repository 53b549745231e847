"""Karcher mean: the direction of least squared angle to all models, at their mean length.

    repeat   m ← cos‖v‖ · m + sin‖v‖ · v / ‖v‖,   v = Σ_k θ_k / sin θ_k · (u_k − cos θ_k · m) / K
    merged = (Σ_k ‖model_k‖ / K) · m,   u_k = model_k / ‖model_k‖,   θ_k the angle between u_k and m

Grove and Karcher, "How to conjugate C¹-close group actions", 1973; for models arXiv 2603.04972. Each tensor is one
vector, all models count alike. m begins as the direction of Σ_k u_k (of the first model, if that is zero) and always
lies in the span of the models, so it is iterated as coefficients, on the inner products alone. Tensors of zeros have no
direction and only shorten the result. Unit: element; one pass for the inner products.

There is no base: in a mergekit recipe a `base_model` is one more model (mergekit 0.1.5 does the same). On purpose not
as there: angles are found in float64 (there in float32, which knows none below 3e-4 rad), and a model that is opposite
to the mean is an error (there a direction made of rounding noise).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Any

import numpy as np
from pydantic import Field

from ..recipe.signature import Inputs, takes
from ._linear import LinearRule
from ._rule import Rule
from ._span import SpanRule

__all__ = ["karcher"]

OPPOSITE = -1 + 1e-12
"""A cosine from which on there is no single shortest way."""


@dataclass(frozen=True)
class _Karcher(SpanRule):
    n_inputs: int
    max_iter: int
    tol: float
    has_base: bool = False

    def weights(self, gram: Any) -> Any:
        lengths = np.sqrt(np.diag(gram))
        valid = lengths > self.tol
        result = np.zeros(self.n_inputs)
        if valid.any():
            kept = lengths[valid]
            mean = self._mean(gram[np.ix_(valid, valid)] / np.outer(kept, kept))
            result[valid] = lengths.mean() * mean / kept
        return result

    def _mean(self, cosines: Any) -> Any:
        """Coefficients of the mean direction in the unit vectors, from their inner products."""
        n = len(cosines)
        mean = np.full(n, 1 / n)
        size = _length(mean, cosines)
        mean = mean / size if size >= self.tol else np.eye(n)[0]
        for _ in range(self.max_iter):
            to_mean = np.clip(cosines @ mean, -1, 1)
            if (to_mean < OPPOSITE).any():
                raise ValueError("a model is opposite to the mean of all, so there is no shortest way between them")
            angles = np.arccos(to_mean)
            moved = angles >= self.tol
            pull = np.divide(angles, np.sin(angles), where=moved, out=np.zeros(n)) / n
            step = pull - (pull @ to_mean) * mean
            size = _length(step, cosines)
            if size < self.tol:
                break
            mean = np.cos(size) * mean + np.sin(size) / size * step
            mean /= _length(mean, cosines)
        return mean


def _length(coefficients: Any, gram: Any) -> float:
    return float(np.sqrt(max(0.0, coefficients @ gram @ coefficients)))


@takes(base="ignored")
def karcher(
    *, max_iter: Annotated[int, Field(ge=0)] = 10, tol: Annotated[float, Field(gt=0)] = 1e-5, inputs: Inputs
) -> Rule:
    """The rule for any number of models.

    Args:
        max_iter: most steps.
        tol: a step shorter than this (rad) is the last; lengths and angles below it count as zero.
    """
    if inputs.n == 1:
        return LinearRule((1.0,), has_base=False)
    return _Karcher(inputs.n, max_iter, tol)
