"""Merge rules, one file each: how base and tuned weights become merged weights.

A method is a function of keyword-only parameters (their types, defaults and bounds are the recipe's schema) that
returns a rule; a rule is a pure function on ranges of parameters and knows no file, no name and no model.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, get_type_hints

from ..errors import Problem, RecipeError
from ..recipe.parameters import method_parameters
from ..recipe.signature import Inputs
from ..registry import Registry, did_you_mean
from ._block import BlockRule, reduce_span
from ._linear import LinearRule
from ._rule import PIECE_ELEMENTS, Block, Reduction, Rule, Span, Unit, block_elements

__all__ = [
    "METHODS",
    "PIECE_ELEMENTS",
    "Block",
    "BlockRule",
    "Inputs",
    "LinearRule",
    "Reduction",
    "Rule",
    "Span",
    "Unit",
    "block_elements",
    "make_rule",
    "reduce_span",
    "resolve_method",
]

METHODS = Registry("methods", "merge method")


def resolve_method(name: str, parameters: Mapping[str, Any], inputs: Inputs) -> tuple[Rule, dict[str, Any]]:
    """The rule of method `name` for plain values, and all its parameters with defaults filled in.

    A single value of a per-input parameter stands for all inputs. Raises RecipeError with all mistakes.
    """
    method = METHODS.get(name)
    known = method_parameters(method)
    problems = [
        Problem(f"parameters of '{name}': {key}: unknown key", did_you_mean(key, known))
        for key in parameters
        if key not in known
    ]
    values: dict[str, Any] = {}
    for parameter in known.values():
        if parameter.required and parameter.name not in parameters:
            problems.append(Problem(f"parameters of '{name}': {parameter.name}: missing", "give it a value"))
            continue
        value = parameters.get(parameter.name, parameter.default)
        try:
            if not parameter.per_input:
                values[parameter.name] = parameter.validate(value)
            else:
                given = value if isinstance(value, (list, tuple)) else [value] * inputs.n
                values[parameter.name] = tuple(map(parameter.validate, given))
        except ValueError as e:
            problems.append(Problem(f"parameters of '{name}': {parameter.name}: {e}", f"found {value!r}"[:200]))
    if problems:
        raise RecipeError(*problems)
    return make_rule(name, {p.keyword: values[p.name] for p in known.values()}, inputs), values


def make_rule(name: str, keywords: Mapping[str, Any], inputs: Inputs) -> Rule:
    """The rule of method `name`. Raises RecipeError where the values cannot go together."""
    method = METHODS.get(name)
    given = {key: inputs for key, hint in get_type_hints(method).items() if hint is Inputs}
    try:
        rule: Rule = method(**keywords, **given)
    except ValueError as e:
        raise RecipeError(Problem(f"parameters of '{name}': {e}", f"see: mergealign methods {name}")) from e
    return rule
