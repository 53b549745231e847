"""SLERP: from one model to another along the arc between them.

    merged = sin((1 − t) Ω) / sin Ω · base + sin(t Ω) / sin Ω · other,   cos Ω = ⟨base, other⟩ / (‖base‖ ‖other‖)

Shoemake, "Animating rotation with quaternion curves", 1985, applied to each tensor as one vector. Nearly parallel and
nearly opposite tensors (|cos Ω| > 0.9995) are interpolated linearly; a tensor of zeros counts as orthogonal to any
other. t = 0 is the base, t = 1 the other model, byte for byte. Unit: element; one pass for the inner products.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from ..kernels.angles import arc_weights
from ..recipe.signature import takes
from ._linear import LinearRule
from ._rule import Rule
from ._span import SpanRule

__all__ = ["slerp", "slerp_weights"]

PARALLEL = 0.9995
"""The usual limit of |cos Ω|, beyond which the arc is taken for a line."""


def slerp_weights(gram: Any, t: float) -> Any:
    """Weights [2] of two vectors at `t` of the way from the first to the second; `gram` is [2, 2]."""
    weights = np.empty((1, 2))
    arc_weights(gram[None], t, 1 - PARALLEL**2, weights)
    return weights[0]


@dataclass(frozen=True)
class _Slerp(SpanRule):
    """Two whole models, weighted by `slerp_weights`."""

    t: float
    n_inputs: int = 2
    has_base: bool = False

    def weights(self, gram: Any) -> Any:
        return slerp_weights(gram, self.t)


@takes(base="endpoint", min_inputs=1, max_inputs=1)
def slerp(*, t: float) -> Rule:
    """The rule for a place t on the arc, usually in [0, 1]; beyond, the arc goes on."""
    if t in (0, 1):
        return LinearRule((1 - t, t), has_base=False)
    return _Slerp(t)
