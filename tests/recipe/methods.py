"""Merge methods that only have a signature: recipes are read without a rule."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Field

from mergealign.errors import Problem, UnknownNameError
from mergealign.recipe.signature import PerInput, takes
from mergealign.registry import did_you_mean

Density = Annotated[float, Field(gt=0, le=1)]


@takes(base="required")
def ties(
    *, weight: PerInput[float], density: PerInput[Density] = (1.0,), normalize: bool = True, lambda_: float = 1.0
) -> Any: ...


@takes(base="required")
def dare_ties(
    *,
    weight: PerInput[float],
    density: PerInput[Density] = (1.0,),
    normalize: bool = False,
    rescale: bool = True,
    lambda_: float = 1.0,
) -> Any: ...


@takes(base="required")
def task_arithmetic(*, weight: PerInput[float], normalize: bool = False, lambda_: float = 1.0) -> Any: ...


@takes(base="ignored")
def linear(*, weight: PerInput[float], normalize: bool = True) -> Any: ...


@takes(base="endpoint", max_inputs=1)
def slerp(*, t: float) -> Any: ...


@takes(base="ignored", max_inputs=1)
def passthrough(*, scale: PerInput[float | None] = (None,)) -> Any: ...


@takes(base="optional", min_inputs=2, max_inputs=2)
def nuslerp(*, weight: PerInput[float], flatten: bool = True) -> Any: ...


@takes(base="required", min_inputs=3, roles=("domain", "aligned", "unaligned"))
def resta(*, strength: float = 1.0, kind: Literal["dense", "dare"] = "dense", steps: int = 1) -> Any: ...


@takes(base="required", min_inputs=2, max_inputs=2)
def mergealign(*, domain_weight: float = 1.0, alignment_weight: float = 1.0) -> Any: ...


METHODS = {
    m.__name__: m for m in (ties, dare_ties, task_arithmetic, linear, slerp, passthrough, nuslerp, resta, mergealign)
}


class FakeRegistry:
    """Stands in for `mergealign.registry.Registry`."""

    def __init__(self, room: str, kind: str) -> None:
        assert (room, kind) == ("methods", "merge method")

    def names(self) -> list[str]:
        return sorted(METHODS)

    def get(self, name: str) -> Any:
        if name not in METHODS:
            raise UnknownNameError(Problem(f"unknown merge method '{name}'", did_you_mean(name, METHODS)))
        return METHODS[name]
