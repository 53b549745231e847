"""What there is to say about a merge method: its docstrings, what it merges, and its parameters in words."""

from __future__ import annotations

import inspect
import sys
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from .parameters import method_parameters, takes_of

__all__ = ["MethodFacts", "ParameterFacts", "describe_method"]

_KINDS = {"number": "number", "integer": "whole number", "boolean": "true or false", "string": "text", "null": "null"}
_BOUNDS = {"minimum": "≥", "exclusiveMinimum": ">", "maximum": "≤", "exclusiveMaximum": "<"}


@dataclass(frozen=True)
class ParameterFacts:
    """One parameter; `kind` is type and bounds of a value in words."""

    name: str
    kind: str
    per_input: bool
    required: bool
    default: Any


@dataclass(frozen=True)
class MethodFacts:
    """One method.

    Attributes:
        summary: one line.
        explanation: formula, source, units.
        base, min_inputs, max_inputs, roles: see `Takes`.
    """

    name: str
    summary: str
    explanation: str
    base: str
    min_inputs: int
    max_inputs: int | None
    roles: tuple[str, ...]
    parameters: tuple[ParameterFacts, ...]


def describe_method(method: Callable[..., Any], name: str) -> MethodFacts:
    """The facts about a method, from its docstring, that of its module, and its signature."""
    module = sys.modules[method.__module__]
    texts = [inspect.cleandoc(text) for text in (module.__doc__, method.__doc__) if text]
    takes = takes_of(method)
    parameters = tuple(
        ParameterFacts(p.name, _kind(p.schema), p.per_input, p.required, p.default)
        for p in method_parameters(method).values()
    )
    return MethodFacts(
        name=name,
        summary=texts[0].splitlines()[0] if texts else "",
        explanation="\n\n".join(texts),
        base=takes.base,
        min_inputs=takes.min_inputs,
        max_inputs=takes.max_inputs,
        roles=takes.roles,
        parameters=parameters,
    )


def _kind(schema: dict[str, Any]) -> str:
    """A JSON schema of one value in words: `number ≥ 0 ≤ 1`."""
    if "anyOf" in schema:
        return " or ".join(_kind(branch) for branch in schema["anyOf"])
    if "enum" in schema or "const" in schema:
        return " | ".join(map(str, schema.get("enum", [schema.get("const")])))
    bounds = [f"{sign} {schema[key]}" for key, sign in _BOUNDS.items() if key in schema]
    return " ".join([_KINDS.get(schema.get("type", ""), "anything"), *bounds])
