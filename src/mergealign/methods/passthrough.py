"""Passthrough: the tensors of one model, as they are or multiplied by a number.

    merged = scale · model

Used in recipes that stack slices of layers of several models. Without `scale` the bytes are copied and no arithmetic is
done. A scale of 0 is meant: it makes the output projections of added layers silent. Unit: element.
"""

from __future__ import annotations

from ..recipe.signature import PerInput, takes
from ._linear import LinearRule

__all__ = ["passthrough"]


@takes(base="ignored", min_inputs=1, max_inputs=1)
def passthrough(*, scale: PerInput[float | None] = (None,)) -> LinearRule:
    """The rule for a factor on all numbers of the one model, any finite number; none leaves them as they are."""
    (factor,) = scale
    return LinearRule((1.0 if factor is None else factor,), has_base=False)
