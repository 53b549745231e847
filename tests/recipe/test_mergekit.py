"""mergekit's dialect: what its keys mean here, and that no mistake in them passes in silence."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from mergealign.errors import RecipeError
from mergealign.recipe.merge import MergeRecipe, is_mergekit, read_recipe, understand_recipe
from mergealign.recipe.mergekit import MergekitRecipe
from mergealign.recipe.request import MergeRequest, SourceRef, split_sources
from mergealign.recipe.signature import Takes
from mergealign.recipe.strict import parse_scalar

pytestmark = pytest.mark.usefixtures("fake_methods")

TIES = """
merge_method: ties
base_model: b
models: [{model: x, parameters: {weight: 1}}, {model: y, parameters: {weight: 0.5}}]
"""
SLICES = """
merge_method: slerp
base_model: x
parameters: {t: 0.5}
slices: [{sources: [{model: x, layer_range: [0, 4]}, {model: y, layer_range: [2, 6]}]}]
"""


def read(text: str, old: str = "", new: str = "") -> MergeRequest:
    assert old in text
    recipe = understand_recipe(parse_scalar(text.replace(old, new)), "r.yml")
    assert isinstance(recipe, MergekitRecipe)
    return recipe.request()


def mistakes(text: str, old: str = "", new: str = "") -> list[str]:
    with pytest.raises(RecipeError) as e:
        read(text, old, new)
    assert all(p.cure for p in e.value.problems)
    return [str(p) for p in e.value.problems]


def labels(request: MergeRequest, part: int = 0) -> list[str]:
    return [s.model for s in request.slices[part].sources]


@pytest.mark.parametrize(
    ("data", "is_it"),
    [
        ({"merge_method": "x"}, True),
        ({"models": [{"model": "x"}]}, True),
        ({"slices": []}, True),
        ({"modules": {}}, True),
        ({"models": {"base": "b"}}, False),
        ({"method": "ties"}, False),
        ([1], False),
    ],
)
def test_the_dialect_is_seen(data: Any, is_it: bool) -> None:
    assert is_mergekit(data) is is_it


def test_a_base_that_is_not_listed_is_added() -> None:
    request = read(TIES)
    assert (request.dialect, request.method, request.base) == ("mergekit", "ties", "b")
    assert labels(request) == ["x", "y", "b"]
    assert request.models == {"b": "b", "x": "x", "y": "y"}
    found = split_sources(request, request.slices[0], Takes("required"))
    assert found.base == SourceRef("b")
    assert found.inputs == (SourceRef("x", None, {"weight": 1}), SourceRef("y", None, {"weight": 0.5}))


def test_a_base_that_is_listed_is_no_input_and_its_parameters_have_no_effect() -> None:
    request = read(TIES, "models: [", "models: [{model: b, parameters: {weight: 3, density: 0.1}}, ")
    assert labels(request) == ["b", "x", "y"]
    assert request.slices[0].sources[0] == SourceRef("b")
    said = "models.0.parameters (weight, density) has no effect: the base has no parameters of its own"
    assert said in request.notes


def test_where_the_base_is_ignored_it_is_merged_like_the_others() -> None:
    text = "merge_method: linear\nbase_model: b\nparameters: {weight: 1}\nmodels: [{model: x}]"
    request = read(text)
    assert len(split_sources(request, request.slices[0], Takes("ignored")).inputs) == 2
    assert any("b is not listed under models" in note for note in request.notes)
    assert "weight: missing for b" in mistakes(text.replace("parameters: {weight: 1}\n", ""))[-1]


def test_slices() -> None:
    request = read(SLICES)
    assert request.slices[0].sources == (SourceRef("x", range(4)), SourceRef("y", range(2, 6)))
    both = SLICES.replace("]}]}]", "]}], base_model: y, parameters: {t: 1}}]")
    (part,) = read(both).slices
    assert (part.base, part.parameters) == ("y", {"t": 1})


def test_paths_are_seen_from_the_file(tmp_path: Path) -> None:
    (tmp_path / "org" / "there").mkdir(parents=True)
    (tmp_path / "a+b").mkdir()
    file = tmp_path / "r.yml"
    models = "models: [{model: org/there}, {model: org/hub@v1}, {model: ./a+b}, {model: /abs}]"
    file.write_text(f"merge_method: linear\nparameters: {{weight: 1}}\n{models}\n")
    request = read_recipe(file).request()
    assert request.models == {
        "org/there": str(tmp_path / "org/there"),
        "org/hub@v1": "org/hub@v1",
        "./a+b": str(tmp_path / "a+b"),
        "/abs": "/abs",
    }


def test_two_spellings_of_one_model_are_one(tmp_path: Path) -> None:
    file = tmp_path / "r.yml"
    file.write_text("merge_method: ties\nbase_model: ./b\nparameters: {weight: 1}\nmodels: [{model: b}, {model: x}]\n")
    request = read_recipe(file).request()
    assert labels(request) == ["./b", "x"]


def test_the_long_form_of_a_model() -> None:
    text = "merge_method: linear\nparameters: {weight: 1}\nmodels: [{model: {model: {path: org/x, revision: v2}}}]"
    assert read(text).models == {"org/x@v2": "org/x@v2"}


def test_dtypes() -> None:
    assert read(TIES).dtype is None
    request = read(TIES + "dtype: bfloat16")
    assert request.dtype == "bfloat16"
    assert "arithmetic is in float32 or float64 always, bfloat16 is written" in request.notes[-1]
    assert read(TIES + "dtype: torch.float32\nout_dtype: float16").dtype == "float16"
    assert "dtype: Input should be" in mistakes(TIES + "dtype: int64")[0]


def test_tokenizer_and_template() -> None:
    def words(more: str) -> tuple[str, str, str | None]:
        request = read(TIES + more)
        return request.tokenizer_from, request.chat_template_from, request.chat_template

    jinja = "{% for m in messages %}{{ m.content }}{% endfor %}"
    assert words("") == ("b", "own or auto", None)
    assert words("tokenizer_source: x") == ("x", "own or auto", None)
    assert words("tokenizer: {source: y}\nchat_template: auto") == ("y", "auto", None)
    assert words("tokenizer_source: base\nchat_template: x") == ("b", "x", None)
    assert words(f"chat_template: '{jinja}'") == ("b", "b", jinja)
    assert "union is the tokenizer of b" in read(TIES + "tokenizer_source: union").notes[-1]


def test_without_a_base_the_first_model_gives_config_and_tokenizer() -> None:
    request = read("merge_method: linear\nparameters: {weight: 1}\nmodels: [{model: y}, {model: x}]")
    assert (request.base, request.tokenizer_from) == (None, "y")
    assert request.notes == ("no base_model: config and tokenizer come from y, the first model listed",)


def test_slices_of_different_numbers_of_models_are_never_silent() -> None:
    one = "{sources: [{model: x, layer_range: [0, 2]}]}"
    two = "{sources: [{model: x, layer_range: [2, 4]}, {model: y, layer_range: [2, 4]}]}"
    request = read(f"merge_method: linear\nparameters: {{weight: 1}}\nslices: [{two}, {one}]")
    assert any("different numbers of models" in note for note in request.notes)
    equal = read(f"merge_method: linear\nparameters: {{weight: 1}}\nslices: [{two}, {two}]")
    assert not any("different numbers" in note for note in equal.notes)


def test_what_has_no_effect_is_accepted_with_a_note() -> None:
    request = read(TIES + "parameters: {int8_mask: true, normalize: false}")
    assert request.parameters == {"normalize": False}
    assert "parameters.int8_mask has no effect" in request.notes
    arithmetic = read(TIES + "parameters: {density: 0.5}", "merge_method: ties", "merge_method: task_arithmetic")
    assert "parameters.density has no effect" in arithmetic.notes
    residual = read(SLICES, "slices: [{", "slices: [{residual_weight: 0.1, ")
    assert any("residual_weight has no effect" in note for note in residual.notes)


def test_the_record_holds_the_recipe_and_the_defaults() -> None:
    settings = read(TIES + "tokenizer_source: x").settings
    assert settings["models"][0] == {"model": "x", "parameters": {"weight": 1}}
    assert settings["parameters"] == {"density": 1.0, "normalize": True, "lambda": 1.0}
    assert (settings["base_model"], settings["tokenizer_source"]) == ("b", "x")
    assert "dtype" not in settings


@pytest.mark.parametrize(
    ("text", "old", "new", "message"),
    [
        # a key that mergekit passes over
        (TIES, "merge_method", "merge_metod", "r.yml: merge_metod: unknown key\n  → did you mean 'merge_method'?"),
        (TIES, "{model: x, p", "{modle: x, p", "r.yml: models.0.modle: unknown key\n  → did you mean 'model'?"),
        (TIES, "x, parameters", "x, paramters", "models.0.paramters: unknown key\n  → did you mean 'parameters'?"),
        (TIES, "{weight: 1}", "{wieght: 1}", "models.0.parameters.wieght: unknown key, ties has no parameter"),
        (TIES, "{weight: 1}", "{weight: 1, normalize: true}", "'normalize' belongs to the merge and not to one of"),
        (SLICES, "layer_range: [0, 4]", "layer_ranges: [0, 4]", "slices.0.sources.0.layer_ranges: unknown key"),
        (SLICES, "{t: 0.5}", "{t: 0.5, normalise: true}", "parameters.normalise: unknown key, slerp has no parameter"),
        (SLICES, "slices: [{", "slices: [{parmeters: {t: 0}, ", "r.yml: slices.0.parmeters: unknown key"),
        # a value that mergekit takes, or notices after minutes
        (TIES, "{weight: 1}", "{weight: 1, density: 5}", "parameters.density: Input should be less than or equal to 1"),
        (TIES, "{weight: 1}", "{weight: 1, density: [1, 0]}", "models.0.parameters.density.1: Input should be greater"),
        (TIES, "{weight: 1}", "{weight: .nan}", "models.0.parameters.weight: Input should be a finite number"),
        (TIES, "{weight: 1}", "{weight: [{filter: mlp, value: .inf}]}", "weight.0.value: Input should be a finite"),
        (TIES, "{weight: 1}", "{density: 1}", "r.yml: parameters.weight: missing for x"),
        (SLICES, "parameters: {t: 0.5}", "", "r.yml: parameters.t: missing\n"),
        (SLICES, "[0, 4]", "[4, 4]", "slices.0.sources.0.layer_range: [4, 4] is empty"),
        (SLICES, "[0, 4]", "[5, 2]", "slices.0.sources.0.layer_range: [5, 2] is empty"),
        (SLICES, "[0, 4]", "[-1, 3]", "slices.0.sources.0.layer_range.0: Input should be greater than or equal to 0"),
        (SLICES, "[0, 4]", "[0, 3]", "r.yml: slices.0: the sources of one slice have 3, 4 layers"),
        (SLICES, ", layer_range: [0, 4]", "", "r.yml: slices.0.sources.0.layer_range: missing"),
        # bases and numbers of models
        (TIES, "merge_method: ties", "merge_method: tiez", "unknown merge method 'tiez'\n  → did you mean 'ties'?"),
        (TIES, "base_model: b", "", "r.yml: base_model: missing, ties needs one"),
        (SLICES, "base_model: x", "base_model: z", "slices.0.sources: the base z is not among the sources"),
        (SLICES, "slerp", "passthrough", "slices.0.sources: passthrough merges 1 model, found 2"),
        (TIES, "ties", "slerp", "models: slerp merges 1 model beside the base, found 2"),
        (TIES, "models: [", "models: [{model: y, parameters: {weight: 2}}, ", "models.2.model: y is listed twice"),
        (
            TIES,
            "models: [",
            "slices: [{sources: [{model: x, layer_range: [0, 1]}]}]\nmodels: [",
            "either models or slices",
        ),
        (TIES, "models:", "modules:", "r.yml: modules: models of several modules are not supported"),
        ("merge_method: ties", "", "", "a recipe has either models or slices"),
        ("merge_method: linear\nmodels: []", "", "", "r.yml: models: Tuple should have at least 1 item"),
        # what is not supported says so, and says what to do
        (
            TIES,
            "model: x",
            "model: x+lora",
            "r.yml: models.0.model: 'x+lora' names a model and an adapter\n  → merge the",
        ),
        (TIES, "base_model: b", "base_model: b+c@d", "r.yml: base_model: 'b+c@d' names a model and an adapter"),
        (TIES, "\nm", "\ntokenizer: {tokens: {a: {source: x}}}\nm", "tokenizer.tokens: embeddings of single tokens"),
        (TIES, "\nm", "\ntokenizer: {pad_to_multiple_of: 8}\nm", "tokenizer.pad_to_multiple_of: embeddings are not"),
        (TIES, "\nm", "\ntokenizer: {source: x}\ntokenizer_source: x\nm", "tokenizer: tokenizer_source says the same"),
        (TIES, "\nm", "\ntokenizer_source: z\nm", "tokenizer_source: z is none of the models that are merged"),
        (TIES, "\nm", "\nchat_template: chatml\nm", "mergekit's own template 'chatml' is not shipped here"),
        (TIES, "\nm", "\nchat_template: nonsense\nm", "chat_template: 'nonsense' is neither a template nor one of the"),
        (TIES, "model: x", "model: {path: x, revision: 3}", "models.0.model: a model is a folder, or org/name"),
    ],
)
def test_mistakes(text: str, old: str, new: str, message: str) -> None:
    assert old in text
    found = mistakes(text.replace(old, new, 1))
    assert any(message in m for m in found), found


def test_all_mistakes_at_once() -> None:
    text = SLICES.replace("t: 0.5", "tt: 0.5").replace("[0, 4]", "[0, 3]").replace("base_model: x", "base_modl: x")
    found = mistakes(text + "out_dtype: int8\ntokenizer_source: z\n")
    assert len(found) == 5
    for place in ("base_modl", "out_dtype", "slices.0", "tokenizer_source", "parameters.tt"):
        assert any(m.startswith(f"r.yml: {place}: ") for m in found), found


def test_scientific_notation_is_a_number(tmp_path: Path) -> None:
    file = tmp_path / "r.yml"
    file.write_text(SLICES.replace("0.5", "1e-5"))
    assert read_recipe(file).request().parameters == {"t": 1e-5}
    assert not isinstance(read_recipe(file), MergeRecipe)


def test_duplicate_keys(tmp_path: Path) -> None:
    file = tmp_path / "r.yml"
    file.write_text(TIES + "merge_method: linear\n")
    with pytest.raises(RecipeError, match="found duplicate key"):
        read_recipe(file)
