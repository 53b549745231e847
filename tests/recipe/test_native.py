"""The native recipe: roles, settings at every level, and every way to get them wrong."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from mergealign.errors import RecipeError
from mergealign.recipe.merge import MergeRecipe, ModelEntry, Models, read_recipe, understand_recipe
from mergealign.recipe.request import MergeRequest, SourceRef, split_sources, template_owner
from mergealign.recipe.signature import Takes

pytestmark = pytest.mark.usefixtures("fake_methods")

THREE = {"base": "b", "domain": "d", "aligned": "a"}


def read(data: dict[str, Any]) -> MergeRequest:
    recipe = understand_recipe({"models": THREE, **data}, "r.yml")
    assert isinstance(recipe, MergeRecipe)
    return recipe.request()


def mistakes(data: dict[str, Any]) -> list[str]:
    with pytest.raises(RecipeError) as e:
        read(data)
    assert all(p.cure for p in e.value.problems)
    return [str(p) for p in e.value.problems]


def test_the_default_recipe() -> None:
    request = MergeRecipe(models=Models(base="b", domain="d", aligned="a")).request()
    assert request.models == THREE
    assert (request.dialect, request.method, request.base, request.seed) == ("native", "mergealign", "base", None)
    (part,) = request.slices
    assert part.sources == (SourceRef("base"), SourceRef("domain"), SourceRef("aligned"))
    assert split_sources(request, part, Takes("required")).inputs == part.sources[1:]
    assert (request.tokenizer_from, request.chat_template_from) == ("aligned", "aligned")
    assert request.settings["parameters"] == {"domain_weight": 1.0, "alignment_weight": 1.0}
    assert request.settings["models"] == THREE


def test_settings_of_the_method_and_of_the_inputs(tmp_path: Path) -> None:
    file = tmp_path / "r.yml"
    file.write_text("""
models:
  base: b
  domain: {model: d, parameters: {weight: 0.8, density: [0.3, 0.7]}}
  aligned: org/a@v1
method: ties
parameters: {weight: [{filter: self_attn, value: 1e-1}, {value: 1.0}], density: {filter: mlp, value: 0.5}, lambda: 0.9}
seed: 7
""")
    recipe = read_recipe(file)
    request = recipe.request()
    assert request.models == {"base": str(tmp_path / "b"), "domain": str(tmp_path / "d"), "aligned": "org/a@v1"}
    assert request.slices[0].sources[1:] == (
        SourceRef("domain", None, {"weight": 0.8, "density": [0.3, 0.7]}),
        SourceRef("aligned"),
    )
    assert request.parameters == {
        "weight": [{"filter": "self_attn", "value": 0.1}, {"value": 1.0}],
        "density": [{"filter": "mlp", "value": 0.5}],
        "lambda": 0.9,
    }
    assert request.seed == 7
    assert request.settings["parameters"]["normalize"] is True


def test_python_says_the_same() -> None:
    models = Models(base="b", domain=ModelEntry(model="d", parameters={"weight": 0.8}), aligned="a")
    recipe = MergeRecipe(models=models, method="ties", parameters={"weight": 1})
    assert recipe.request().slices[0].sources[1] == SourceRef("domain", None, {"weight": 0.8})
    assert MergeRecipe.model_validate(recipe.model_dump()) == recipe


def test_a_method_that_ignores_the_base_has_it_for_the_config_only() -> None:
    request = read({"method": "linear", "parameters": {"weight": 0.5}})
    assert request.base == "base"
    assert [s.model for s in request.slices[0].sources] == ["domain", "aligned"]


def test_roles_follow_the_method() -> None:
    request = read({"method": "resta", "models": {**THREE, "unaligned": "u"}})
    assert [s.model for s in request.slices[0].sources] == ["base", "domain", "aligned", "unaligned"]
    request = read({"method": "slerp", "models": {"base": "b", "domain": "d"}, "parameters": {"t": 0.5}})
    assert (request.tokenizer_from, request.chat_template_from) == ("domain", "domain")
    request = read({"method": "slerp", "models": {"base": "b", "aligned": "a"}, "parameters": {"t": 0.5}})
    assert [s.model for s in request.slices[0].sources] == ["base", "aligned"]
    request = read({"method": "slerp", "models": THREE, "parameters": {"t": 0.5}})
    assert (request.base, request.slices[0].base) == ("base", "domain")
    assert [s.model for s in request.slices[0].sources] == ["domain", "aligned"]


@pytest.mark.parametrize(
    ("data", "message"),
    [
        ({"metod": "ties"}, "r.yml: metod: unknown key\n  → did you mean 'method'?"),
        ({"method": "tize"}, "r.yml: method: unknown merge method 'tize'\n  → did you mean 'ties'?"),
        ({"models": {**THREE, "alinged": "a"}}, "r.yml: models.alinged: unknown key\n  → did you mean 'aligned'?"),
        ({"models": {"base": "b", "domain": "d"}}, "r.yml: models.aligned: missing"),
        ({"models": {**THREE, "unaligned": "u"}}, "r.yml: models.unaligned: mergealign does not use it"),
        (
            {"models": {**THREE, "domain": {"modle": "d"}}},
            "models.domain.modle: unknown key\n  → did you mean 'model'?",
        ),
        ({"models": {**THREE, "domain": 5}}, "r.yml: models.domain: Input should be a valid string\n  → found 5"),
        ({"models": {**THREE, "domain": " "}}, "r.yml: models.domain: an empty path"),
        (
            {"method": "slerp", "models": {"base": "b"}, "parameters": {"t": 0}},
            "r.yml: models: slerp takes 1 beside the base\n  → give domain and aligned, between which it moves, or one",
        ),
        ({"method": "ties"}, "r.yml: parameters.weight: missing for domain"),
        ({"method": "slerp", "models": {"base": "b", "domain": "d"}}, "r.yml: parameters.t: missing\n"),
        ({"parameters": {"domain_wait": 1}}, "parameters.domain_wait: unknown key, mergealign has no parameter"),
        ({"parameters": {"domain_wait": 1}}, "did you mean 'domain_weight'?"),
        ({"parameters": {"domain_weight": float("nan")}}, "r.yml: parameters.domain_weight: Input should be a finite"),
        (
            {"parameters": {"domain_weight": [1, float("inf")]}},
            "r.yml: parameters.domain_weight.1: Input should be a f",
        ),
        ({"parameters": {"domain_weight": "much"}}, "parameters.domain_weight: Input should be a valid number"),
        ({"parameters": {"domain_weight": True}}, "parameters.domain_weight: Input should be no truth value"),
        ({"parameters": {"domain_weight": None}}, "parameters.domain_weight: Input should be a valid number"),
        ({"parameters": {"domain_weight": []}}, "parameters.domain_weight: an empty list"),
        ({"parameters": {"domain_weight": [[1]]}}, "parameters.domain_weight.0: Input should be a number"),
        ({"parameters": {"domain_weight": [1, {"value": 1}]}}, "parameters.domain_weight.0: a list holds values or"),
        ({"parameters": {"domain_weight": [{"filter": "x"}]}}, "parameters.domain_weight.0.value: missing"),
        ({"parameters": {"domain_weight": [{"filtre": "x", "value": 1}]}}, "did you mean 'filter'?"),
        (
            {"parameters": {"domain_weight": [{"filter": 3, "value": 1}]}},
            "domain_weight.0.filter: Input should be a part",
        ),
        (
            {"parameters": {"domain_weight": [{"filter": "x", "value": [1, "y"]}]}},
            "domain_weight.0.value.1: Input should",
        ),
        (
            {"models": {**THREE, "base": {"model": "b", "parameters": {"x": 1}}}},
            "models.base.parameters: the base has no",
        ),
        ({"tokenizer_from": "expert"}, "r.yml: tokenizer_from: Input should be 'base', 'domain' or 'aligned'"),
        ({"seed": -1}, "r.yml: seed: Input should be greater than or equal to 0"),
        ({"dtype": "int8"}, "r.yml: dtype:"),
    ],
)
def test_mistakes(data: dict[str, Any], message: str) -> None:
    assert any(message in m for m in mistakes(data)), mistakes(data)


def test_mistakes_in_the_parameters_of_one_model() -> None:
    domain = {"model": "d", "parameters": {"wieght": 1, "normalize": True, "density": 1.5}}
    found = mistakes({"method": "ties", "models": {**THREE, "domain": domain}, "parameters": {"weight": 1}})
    assert [m.split("\n")[0].removeprefix("r.yml: models.domain.parameters.") for m in found] == [
        "wieght: unknown key, ties has no parameter 'wieght'",
        "normalize: 'normalize' belongs to the merge and not to one of its models",
        "density: Input should be less than or equal to 1",
    ]
    assert "did you mean 'weight'?" in found[0]


def test_tokenizer_from_a_model_that_is_not_there() -> None:
    models = {"base": "b", "domain": "d"}
    found = mistakes({"method": "slerp", "models": models, "parameters": {"t": 1}, "chat_template_from": "aligned"})
    assert "chat_template_from: there is no model 'aligned' in this recipe" in found[0]


def test_all_mistakes_at_once() -> None:
    data = {"dytpe": "float32", "seed": "x", "parameters": {"domain_wait": 1}, "models": {**THREE, "unaligned": "u"}}
    assert len(mistakes(data)) == 4


def test_what_was_misspelled_is_not_called_missing_too() -> None:
    (only,) = mistakes({"method": "ties", "paramters": {"weight": 1}})
    assert "did you mean 'parameters'?" in only
    (only,) = mistakes({"method": "ties", "parameters": {"wieght": 1}})
    assert "did you mean 'weight'?" in only


def test_duplicate_keys(tmp_path: Path) -> None:
    file = tmp_path / "r.yml"
    file.write_text("models: {base: b, domain: d, aligned: a}\nmethod: ties\nmethod: linear\n")
    with pytest.raises(RecipeError, match=r"r\.yml:3:1: found duplicate key"):
        read_recipe(file)


@pytest.mark.parametrize(
    ("wanted", "templates", "owner"),
    [
        ("b", {"b": None, "x": "T"}, "b"),
        ("none", {"b": "T"}, "none"),
        ("auto", {"b": "B", "x": "T", "y": " T\n"}, "y"),
        ("auto", {"b": "B", "x": "T", "y": "U"}, "y"),
        ("auto", {"b": "B", "x": "T", "y": None}, "b"),
        ("auto", {"b": None, "x": None, "y": None}, "none"),
        ("own or auto", {"b": "B", "x": "T", "y": "U"}, "y"),
        ("own or auto", {"b": "B", "x": "B", "y": None}, "b"),
    ],
)
def test_whose_template(wanted: str, templates: dict[str, str | None], owner: str) -> None:
    request = replace(read({}), models={m: m for m in "bxy"}, tokenizer_from="y", chat_template_from=wanted)
    assert template_owner(request, templates) == owner
