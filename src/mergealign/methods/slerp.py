"""SLERP: from one model to another along the arc between them.

    merged = sin((1 − t) Ω) / sin Ω · base + sin(t Ω) / sin Ω · other,   cos Ω = ⟨base, other⟩ / (‖base‖ ‖other‖)

Shoemake, "Animating rotation with quaternion curves", 1985, applied to each tensor as one vector. Nearly parallel and
nearly opposite tensors (|cos Ω| > 0.9995) are interpolated linearly. t = 0 is the base, t = 1 the other model.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import acos, sin, sqrt
from typing import Any

from ..recipe.signature import takes
from ._span import SpanRule

__all__ = ["SlerpRule", "arc_weights", "slerp"]

PARALLEL = 0.9995  # the usual threshold of |cos Ω|
TINY = 1e-8  # a norm below it counts as none


def arc_weights(gram: Any, t: float) -> tuple[float, float]:
    """The weights of two vectors at `t` of the way from the first to the second; `gram` is [2, 2]."""
    norms = [sqrt(gram[k, k]) if gram[k, k] > TINY**2 else 1.0 for k in range(2)]
    cosine = min(1.0, max(-1.0, gram[0, 1] / (norms[0] * norms[1])))
    if abs(cosine) > PARALLEL:
        return 1 - t, t
    angle = acos(cosine)
    return sin((1 - t) * angle) / sin(angle), sin(t * angle) / sin(angle)


@dataclass(frozen=True)
class SlerpRule(SpanRule):
    """Two whole models, weighted by `arc_weights`."""

    t: float
    n_inputs: int = 2
    has_base: bool = False

    def weights(self, gram: Any) -> tuple[float, float]:
        return arc_weights(gram, self.t)


@takes(base="endpoint", min_inputs=1, max_inputs=1)
def slerp(*, t: float) -> SlerpRule:
    """The rule for a place t on the arc, usually in [0, 1]."""
    return SlerpRule(t)
