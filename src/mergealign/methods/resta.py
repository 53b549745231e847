"""RESTA: a safety vector, taken from an aligned model and its unaligned sibling, added to the expert.

    merged = domain + gamma · (aligned − unaligned)

Bhardwaj et al., "Language Models are Homer Simpson! Safety Re-Alignment of Fine-tuned Language Models through Task
Arithmetic", arXiv 2402.11746. With a density below 1 the safety vector is thinned by DARE (arXiv 2311.03099): each
element stays with that probability and is then divided by it.

Needs three models of one architecture: the expert, an aligned model, and that model without its alignment (in the
paper: further tuned on harmful answers), which no other can stand in for. The base is not used; in a native recipe it
gives the config. All tensors are treated alike, embeddings and norms included. Unit: element; in float64, rounded once.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated, Any, ClassVar

import numpy as np
from pydantic import Field

from ..kernels.thinned import add_thinned
from ..recipe.signature import takes
from ._linear import LinearRule
from ._rule import Rule, Span

__all__ = ["resta"]


@dataclass(frozen=True)
class _Thinned(Rule):
    is_random: ClassVar[bool] = True
    gamma: float
    density: float
    has_base: bool = False

    def apply(self, sources: Sequence[Any], out: Any, span: Span, known: Sequence[Any]) -> bool:  # noqa: ARG002
        key, first = np.uint64(span.key), np.uint64(span.start)
        return bool(add_thinned(*sources, self.gamma / self.density, self.density, key, first, out))


@takes(base="ignored", min_inputs=3, max_inputs=3, roles=("domain", "aligned", "unaligned"))
def resta(*, gamma: float = 1.0, density: Annotated[float, Field(gt=0, le=1)] = 1.0) -> Rule:
    """The rule for domain, aligned and unaligned model, in this order.

    Args:
        gamma: factor of the safety vector, any number.
        density: probability that an element of the safety vector stays.
    """
    if density == 1 or gamma == 0:
        return LinearRule((1.0, gamma, -gamma), has_base=False)
    return _Thinned(gamma, density)
