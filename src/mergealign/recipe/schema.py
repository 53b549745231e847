"""JSON schemas of both faces of a recipe, for editors: they complete keys and mark what is wrong while it is typed."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Literal

from ..registry import Registry
from .merge import MergeRecipe
from .mergekit import MergekitRecipe
from .mergekit_request import has_no_effect
from .parameters import Parameter
from .settings import Method

__all__ = ["Dialect", "recipe_schema"]

Dialect = Literal["native", "mergekit"]
Schema = dict[str, Any]


def recipe_schema(dialect: Dialect) -> Schema:
    """The schema of one dialect, with the parameters of every registered method."""
    native = dialect == "native"
    schema = (MergeRecipe if native else MergekitRecipe).model_json_schema()
    key = "method" if native else "merge_method"
    methods = [Method.find(name) for name in Registry("methods", "merge method").names()]
    schema["properties"][key]["enum"] = [method.name for method in methods]
    definitions = schema.setdefault("$defs", {})
    for method in methods:
        all_, own = f"{method.name}.parameters", f"{method.name}.input"
        idle = () if native else ("int8_mask", "density", "rescale")
        definitions[all_] = _settings(method, method.parameters.values(), idle)
        definitions[own] = _settings(method, (p for p in method.parameters.values() if p.per_input), idle)
    default = schema["properties"][key].get("default")
    schema["allOf"] = [_where(key, m.name, m.name == default, _places(dialect, m.name)) for m in methods]
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **schema}


def _where(key: str, name: str, is_default: bool, then: Schema) -> Schema:
    condition: Schema = {"properties": {key: {"const": name}}}
    return {"if": condition if is_default else {**condition, "required": [key]}, "then": {"properties": then}}


def _places(dialect: Dialect, method: str) -> Schema:
    """The keys of a recipe that hold parameters."""
    shared = _one_of_these({"$ref": f"#/$defs/{method}.parameters"})
    own = {"properties": {"parameters": _one_of_these({"$ref": f"#/$defs/{method}.input"})}}
    if dialect == "native":
        return {"parameters": shared, "models": {"additionalProperties": own}}
    part = {"properties": {"parameters": shared, "sources": {"items": own}}}
    return {"parameters": shared, "models": {"items": own}, "slices": {"items": part}}


def _one_of_these(reference: Schema) -> Schema:
    return {"anyOf": [reference, {"type": "null"}]}


def _settings(method: Method, parameters: Iterable[Parameter], idle: Iterable[str]) -> Schema:
    known: Schema = {p.name: _setting(p) for p in parameters}
    without = {name: {"description": "no effect"} for name in idle if has_no_effect(name, method)}
    return {"type": "object", "properties": {**without, **known}, "additionalProperties": False}


def _setting(parameter: Parameter) -> Schema:
    """A scalar, a gradient, an entry {filter, value} or a list of such."""
    value = parameter.schema
    gradient = {"type": "array", "items": value, "minItems": 1}
    entry = {
        "type": "object",
        "properties": {"filter": {"type": ["string", "null"]}, "value": {"anyOf": [value, gradient]}},
        "required": ["value"],
        "additionalProperties": False,
    }
    setting: Schema = {"anyOf": [value, gradient, entry, {"type": "array", "items": entry, "minItems": 1}]}
    return setting if parameter.required else {**setting, "default": parameter.default}
