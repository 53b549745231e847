"""The language of parameter values, against numbers worked out by hand."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mergealign.errors import RecipeError
from mergealign.recipe.parameters import method_parameters
from mergealign.recipe.request import MergeRequest, SliceRequest, SourceRef
from mergealign.recipe.values import OUTSIDE, evaluate, layer_position, resolve_parameters

from . import methods

WEIGHT = method_parameters(methods.ties)["weight"]
NORMALIZE = method_parameters(methods.ties)["normalize"]
KIND = method_parameters(methods.resta)["kind"]
STEPS = method_parameters(methods.resta)["steps"]
SCALE = method_parameters(methods.passthrough)["scale"]

Q = "model.layers.3.self_attn.q_proj.weight"
UP = "model.layers.3.mlp.up_proj.weight"


def request(*parts: SliceRequest, base: str | None = "b", **parameters: Any) -> MergeRequest:
    return MergeRequest(
        dialect="mergekit",
        method="ties",
        models={m: m for m in "bxy"},
        base=base,
        slices=parts,
        parameters=parameters,
        dtype=None,
        tokenizer_from="b",
        chat_template_from="none",
        chat_template=None,
        max_shard_size=1,
        copy_code=False,
        seed=None,
        notes=(),
        settings={},
    )


def test_positions() -> None:
    assert [layer_position(i, 5) for i in range(5)] == [0, 0.25, 0.5, 0.75, 1]
    assert layer_position(0, 1) == 1
    assert OUTSIDE == 0


@pytest.mark.parametrize(
    ("setting", "values"),
    [
        (0.3, [0.3, 0.3, 0.3, 0.3, 0.3]),
        ([0.0, 1.0], [0, 0.25, 0.5, 0.75, 1]),
        ([1, 0, 0.5], [1, 0.5, 0, 0.25, 0.5]),  # s = 2p: halfway to the second entry, on it, halfway to the third
        ([0, 0.5, 0.3, 0.7, 1], [0, 0.5, 0.3, 0.7, 1]),
        ([2.0], [2, 2, 2, 2, 2]),
    ],
)
def test_numbers_are_interpolated(setting: Any, values: list[float]) -> None:
    found = [evaluate(WEIGHT, setting, Q, layer_position(i, 5)) for i in range(5)]
    assert found == pytest.approx(values, abs=1e-15)


def test_four_entries_over_six_layers() -> None:
    """p = 0, 1/5 … 1; s = 3p = 0, 0.6, 1.2, 1.8, 2.4, 3."""
    found = [evaluate(WEIGHT, [0, 10, 20, 100], Q, layer_position(i, 6)) for i in range(6)]
    assert found == pytest.approx([0, 6, 12, 18, 52, 100])


def test_words_and_truth_values_are_selected() -> None:
    assert [evaluate(NORMALIZE, [True, False], Q, layer_position(i, 3)) for i in range(3)] == [True, True, False]
    assert [evaluate(KIND, ["dense", "dare"], Q, layer_position(i, 3)) for i in range(3)] == ["dense", "dense", "dare"]
    assert [evaluate(SCALE, [None, 0.5], Q, layer_position(i, 2)) for i in range(2)] == [None, 0.5]


def test_whole_numbers_stay_whole() -> None:
    assert evaluate(STEPS, [1, 3], Q, 0.5) == 2
    with pytest.raises(ValueError, match="integer"):
        evaluate(STEPS, [1, 2], Q, 0.5)


def test_outside_of_the_layers_a_gradient_has_its_first_value() -> None:
    assert evaluate(WEIGHT, [0.1, 0.9], "lm_head.weight", OUTSIDE) == 0.1
    assert evaluate(NORMALIZE, [False, True], "model.embed_tokens.weight", OUTSIDE) is False


def test_the_first_filter_that_fits() -> None:
    setting = [{"filter": "self_attn", "value": [0, 1]}, {"filter": "q_proj", "value": 7}, {"value": 0.5}]
    assert evaluate(WEIGHT, setting, Q, 0.25) == 0.25
    assert evaluate(WEIGHT, setting, UP, 0.25) == 0.5
    assert evaluate(WEIGHT, [{"filter": "*", "value": 3}, {"filter": "mlp", "value": 4}], UP, 0) == 3


@given(st.lists(st.floats(-10, 10), min_size=1, max_size=6), st.floats(0, 1))
def test_a_gradient_never_leaves_its_entries(gradient: list[float], position: float) -> None:
    value = evaluate(WEIGHT, gradient, Q, position)
    assert min(gradient) - 1e-12 <= value <= max(gradient) + 1e-12


def test_precedence() -> None:
    """Source before slice before recipe before default; a level whose filters do not fit leaves it to the next."""
    part = SliceRequest(
        (
            SourceRef("b", range(4), {"weight": 99}),
            SourceRef("x", range(4), {"weight": 1.0, "density": [{"filter": "mlp", "value": 0.25}]}),
            SourceRef("y", range(4)),
        ),
        parameters={"weight": 2.0},
    )
    asked = request(part, weight=3.0, density=0.75, normalize=False)
    found = resolve_parameters(asked, part, methods.ties, UP, 0)
    assert found.shared == {"normalize": False, "lambda": 1.0}
    assert found.per_input == {"weight": (1.0, 2.0), "density": (0.25, 0.75)}
    assert resolve_parameters(asked, part, methods.ties, Q, 0).per_input["density"] == (0.75, 0.75)
    assert found.keywords(methods.ties) == {
        "weight": (1.0, 2.0),
        "density": (0.25, 0.75),
        "normalize": False,
        "lambda_": 1.0,
    }


def test_the_same_model_twice_has_parameters_by_position() -> None:
    part = SliceRequest((SourceRef("b"), SourceRef("x", range(4), {"weight": 1}), SourceRef("x", range(4, 8))))
    found = resolve_parameters(request(part, weight=2), part, methods.ties, Q, 0)
    assert found.per_input["weight"] == (1.0, 2.0)


def test_layers_of_the_base_itself_are_inputs_from_the_second_time_on() -> None:
    part = SliceRequest((SourceRef("b", range(4)), SourceRef("b", range(4, 8), {"weight": 5})))
    assert resolve_parameters(request(part), part, methods.ties, Q, 0).per_input["weight"] == (5.0,)


def test_a_slice_has_a_base_of_its_own_and_a_method_may_ignore_it() -> None:
    part = SliceRequest((SourceRef("b", None, {"weight": 1}), SourceRef("x", None, {"weight": 2})), base="x")
    assert resolve_parameters(request(part), part, methods.ties, Q, 0).per_input["weight"] == (1.0,)
    assert resolve_parameters(request(part), part, methods.linear, Q, 0).per_input["weight"] == (1.0, 2.0)


def test_filters_of_an_input_see_its_own_names() -> None:
    """Layer 3 of the output may be layer 11 of an input."""
    setting = [{"filter": "layers.11.", "value": 1}, {"value": 0}]
    part = SliceRequest((SourceRef("b"), SourceRef("x", None, {"weight": setting})))
    found = resolve_parameters(request(part), part, methods.ties, Q, 0, input_tensors=[Q.replace("3", "11")])
    assert found.per_input["weight"] == (1.0,)


def test_where_no_filter_fits_and_there_is_no_default() -> None:
    part = SliceRequest((SourceRef("b"), SourceRef("x", None, {"weight": [{"filter": "mlp", "value": 1}]})))
    with pytest.raises(RecipeError, match=f"no filter of 'weight' fits {Q} of x") as e:
        resolve_parameters(request(part), part, methods.ties, Q, 0)
    assert "without a filter" in e.value.problems[0].cure


def test_all_that_fails_for_a_tensor_is_told() -> None:
    filters = [{"filter": "nothing", "value": 1}]
    part = SliceRequest((SourceRef("b"), SourceRef("x"), SourceRef("y")))
    with pytest.raises(RecipeError) as e:
        resolve_parameters(request(part, weight=filters), part, methods.ties, Q, 0)
    assert len(e.value.problems) == 2
