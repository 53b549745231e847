"""How a merge method says what it takes: inputs beside a base, parameters per input and for the whole tensor.

    @takes(base="required")
    def ties(*, weight: PerInput[float], density: PerInput[Density] = (1.0,), normalize: bool = True) -> Rule: ...

The signature is the schema of the recipe: keyword-only parameters, types, bounds and defaults. A trailing underscore
is no part of a name (`lambda_` is `lambda` in a recipe).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Annotated, Any, Literal, TypeVar

__all__ = ["PER_INPUT", "Inputs", "PerInput", "Takes", "takes"]

T = TypeVar("T")
F = TypeVar("F", bound=Callable[..., Any])

BasePolicy = Literal["required", "optional", "ignored", "endpoint"]

PER_INPUT = "one value per input"
PerInput = Annotated[tuple[T, ...], PER_INPUT]
"""A parameter with a value for each input beside the base, in their order; a default `(x,)` stands for all of them."""


@dataclass(frozen=True)
class Inputs:
    """What a method is given for one tensor; a keyword of this type is no parameter of the recipe.

    Attributes:
        n: models beside the base.
        has_base: whether there is one.
    """

    n: int
    has_base: bool


@dataclass(frozen=True)
class Takes:
    """What a method merges.

    Attributes:
        base: "required": deltas to a base are merged; "optional": deltas, or whole models where no base is named;
            "ignored": whole models; "endpoint": the base is one of two models between which the method moves.
        min_inputs, max_inputs: number of models beside the base; None = any number.
        roles: what the inputs are in a native recipe, in order.
    """

    base: BasePolicy
    min_inputs: int = 1
    max_inputs: int | None = None
    roles: tuple[str, ...] = ("domain", "aligned")


def takes(
    *,
    base: BasePolicy,
    min_inputs: int = 1,
    max_inputs: int | None = None,
    roles: tuple[str, ...] = ("domain", "aligned"),
) -> Callable[[F], F]:
    """Mark a merge method with what it takes; `method.takes` tells it."""

    def mark(method: F) -> F:
        method.takes = Takes(base, min_inputs, max_inputs, roles)  # type: ignore[attr-defined]
        return method

    return mark
