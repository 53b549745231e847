"""The JSON schemas for editors know every key and every parameter."""

from __future__ import annotations

import json
from typing import Any

import pytest

from mergealign.recipe.merge import MergeRecipe
from mergealign.recipe.mergekit import MergekitRecipe
from mergealign.recipe.schema import recipe_schema
from mergealign.recipe.strict import StrictModel

from .methods import METHODS, FakeRegistry


@pytest.fixture(autouse=True)
def _fake(monkeypatch: pytest.MonkeyPatch, fake_methods: None) -> None:  # noqa: ARG001
    monkeypatch.setattr("mergealign.recipe.schema.Registry", FakeRegistry)


def references(schema: Any) -> set[str]:
    if isinstance(schema, dict):
        own = {schema["$ref"]} if "$ref" in schema else set()
        return own.union(*(references(v) for v in schema.values()))
    return set().union(*(references(v) for v in schema)) if isinstance(schema, list) else set()


@pytest.mark.parametrize(
    ("dialect", "model", "key"), [("native", MergeRecipe, "method"), ("mergekit", MergekitRecipe, "merge_method")]
)
def test_keys_and_methods(dialect: Any, model: type[StrictModel], key: str) -> None:
    schema = recipe_schema(dialect)
    assert json.loads(json.dumps(schema)) == schema
    assert schema["properties"].keys() == model.model_fields.keys()
    assert schema["additionalProperties"] is False
    assert schema["properties"][key]["enum"] == sorted(METHODS)
    assert {r.removeprefix("#/$defs/") for r in references(schema)} <= schema["$defs"].keys()
    assert len(schema["allOf"]) == len(METHODS)


def test_parameters() -> None:
    definitions = recipe_schema("native")["$defs"]
    ties = definitions["ties.parameters"]["properties"]
    assert ties.keys() == {"weight", "density", "normalize", "lambda"}
    scalar, gradient, entry, entries = ties["density"]["anyOf"]
    assert (scalar["exclusiveMinimum"], scalar["maximum"]) == (0, 1)
    assert gradient["items"] == scalar
    assert entries["items"] == entry
    assert ties["density"]["default"] == 1.0
    assert "default" not in ties["weight"]
    assert definitions["ties.input"]["properties"].keys() == {"weight", "density"}
    assert definitions["ties.input"]["additionalProperties"] is False


def test_only_the_dialect_knows_keys_without_effect() -> None:
    assert "int8_mask" in recipe_schema("mergekit")["$defs"]["linear.parameters"]["properties"]
    assert "density" in recipe_schema("mergekit")["$defs"]["task_arithmetic.input"]["properties"]
    assert "int8_mask" not in recipe_schema("native")["$defs"]["linear.parameters"]["properties"]


def test_the_default_method_needs_no_key() -> None:
    rules = {rule["if"]["properties"]["method"]["const"]: rule["if"] for rule in recipe_schema("native")["allOf"]}
    assert "required" not in rules["mergealign"]
    assert rules["ties"]["required"] == ["method"]
