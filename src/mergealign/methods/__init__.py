"""Merge rules, one file each: how base and tuned weights become merged weights.

A method is a function of keyword-only parameters (their types, defaults and bounds are the recipe's schema) that
returns a rule; a rule is a pure function on blocks of parameters and knows no file, no name and no model.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ..errors import Problem, RecipeError
from ..recipe.parameters import parameters_model
from ..recipe.strict import validate
from ..registry import Registry
from ._linear import LinearRule

__all__ = ["METHODS", "LinearRule", "resolve_method"]

METHODS = Registry("methods", "merge method")


def resolve_method(name: str, parameters: Mapping[str, Any]) -> tuple[LinearRule, dict[str, Any]]:
    """The rule of method `name`, and all its parameters with defaults filled in. Raises RecipeError."""

    method = METHODS.get(name)
    settings = validate(dict(parameters), parameters_model(method), f"parameters of '{name}'").model_dump()
    try:
        return method(**settings), settings
    except ValueError as e:
        raise RecipeError(Problem(f"parameters of '{name}': {e}", "see docs/method.md")) from e
