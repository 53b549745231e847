"""Recipes of the shapes people publish for mergekit, with placeholders for the models: what they ask for."""

from __future__ import annotations

from typing import Any

import pytest

from mergealign.recipe.merge import understand_recipe
from mergealign.recipe.request import MergeRequest, SliceRequest
from mergealign.recipe.strict import parse_scalar
from mergealign.recipe.values import OUTSIDE, Resolved, layer_position, resolve_parameters

from .methods import METHODS

pytestmark = pytest.mark.usefixtures("fake_methods")


def read(text: str) -> MergeRequest:
    return understand_recipe(parse_scalar(text), "r.yml").request()


def values(request: MergeRequest, part: SliceRequest, tensor: str, position: float) -> Resolved:
    return resolve_parameters(request, part, METHODS[request.method], tensor, position)


def test_frankenmerge() -> None:
    """Overlapping runs of layers of two models, stacked."""
    request = read("""
slices:
  - sources:
      - model: org/first-70b
        layer_range: [0, 16]
  - sources:
      - model: org/second-70b
        layer_range: [8, 24]
  - sources:
      - model: org/first-70b
        layer_range: [17, 32]
        parameters:
          scale:
            - filter: o_proj
              value: 0.0
            - filter: down_proj
              value: 0.0
            - value: 1.0
merge_method: passthrough
dtype: float16
""")
    taken = [(s.model, s.layers) for part in request.slices for s in part.sources]
    first, second = "org/first-70b", "org/second-70b"
    assert taken == [(first, range(16)), (second, range(8, 24)), (first, range(17, 32))]
    assert (request.models, request.base, request.dtype) == ({first: first, second: second}, None, "float16")

    def scale(part: int, tensor: str) -> Any:
        return values(request, request.slices[part], tensor, 0.5).per_input["scale"]

    assert scale(0, "model.layers.0.mlp.down_proj.weight") == (None,)
    assert scale(2, "model.layers.40.mlp.down_proj.weight") == (0.0,)
    assert scale(2, "model.layers.40.mlp.up_proj.weight") == (1.0,)


def test_gradient_slerp() -> None:
    """Attention and MLP cross from one model to the other in opposite directions."""
    request = read("""
slices:
  - sources:
      - model: org/chat-7b
        layer_range: [0, 32]
      - model: org/math-7b
        layer_range: [0, 32]
merge_method: slerp
base_model: org/chat-7b
parameters:
  t:
    - filter: self_attn
      value: [0, 0.5, 0.3, 0.7, 1]
    - filter: mlp
      value: [1, 0.5, 0.7, 0.3, 0]
    - value: 0.5
dtype: bfloat16
""")
    (part,) = request.slices

    def t(kind: str, layer: int) -> float:
        name = f"model.layers.{layer}.{kind}.weight"
        return float(values(request, part, name, layer_position(layer, 32)).shared["t"])

    assert (t("self_attn.q_proj", 0), t("self_attn.q_proj", 31)) == (0, 1)
    assert (t("mlp.up_proj", 0), t("mlp.up_proj", 31)) == (1, 0)
    assert t("input_layernorm", 9) == 0.5
    # layer 12 of 32: s = 4 · 12/31 = 1.548…, between 0.5 and 0.3
    assert t("self_attn.q_proj", 12) == pytest.approx(0.5 - 0.2 * (48 / 31 - 1))
    assert values(request, part, "lm_head.weight", OUTSIDE).shared["t"] == 0.5


def test_ties_with_gradients() -> None:
    request = read("""
models:
  - model: org/orca-13b
    parameters:
      density: [1, 0.7, 0.1]
      weight: 1.0
  - model: org/math-13b
    parameters:
      density: 0.5
      weight: [0, 0.3, 0.7, 1]
  - model: org/platypus-13b
    parameters:
      density: 0.33
      weight:
        - filter: mlp
          value: 0.5
        - value: 0
merge_method: ties
base_model: org/base-13b
parameters:
  normalize: true
  int8_mask: true
dtype: float16
""")
    (part,) = request.slices
    assert [s.model for s in part.sources][-1] == "org/base-13b"
    middle = values(request, part, "model.layers.20.mlp.up_proj.weight", 0.5)
    assert middle.per_input["density"] == pytest.approx((0.7, 0.5, 0.33))
    assert middle.per_input["weight"] == pytest.approx((1.0, 0.5, 0.5))
    assert middle.shared == {"normalize": True, "lambda": 1.0}
    last = values(request, part, "model.layers.39.self_attn.q_proj.weight", 1)
    assert last.per_input == {"weight": (1.0, 1.0, 0.0), "density": pytest.approx((0.1, 0.5, 0.33))}
    outside = values(request, part, "model.norm.weight", OUTSIDE)
    assert outside.per_input == {"weight": (1.0, 0.0, 0.0), "density": (1.0, 0.5, 0.33)}


def test_linear() -> None:
    request = read("""
models:
  - model: org/one
    parameters:
      weight: 1.0
  - model: org/two
    parameters:
      weight: 0.3
merge_method: linear
dtype: float16
""")
    (part,) = request.slices
    assert values(request, part, "model.norm.weight", OUTSIDE).per_input == {"weight": (1.0, 0.3)}
    assert [s.layers for s in part.sources] == [None, None]


BIO = """
models:
  - model: org/instruct-8b
  - model: org/bio-8b
    parameters: {density: 0.53, weight: 0.4}
  - model: org/med-8b
    parameters: {density: 0.53, weight: 0.3}
  - model: org/hermes-8b
    parameters: {density: 0.53, weight: 0.3}
merge_method: METHOD
base_model: org/instruct-8b
parameters: {int8_mask: true}
dtype: bfloat16
tokenizer_source: union
"""


@pytest.mark.parametrize("method", ["dare_ties", "task_arithmetic"])
def test_bio_merge(method: str) -> None:
    """Several experts over an instructed base; of `density`, task_arithmetic makes no use."""
    request = read(BIO.replace("METHOD", method))
    found = values(request, request.slices[0], "model.layers.0.mlp.up_proj.weight", 0)
    assert found.per_input["weight"] == (0.4, 0.3, 0.3)
    assert found.per_input.get("density") == (None if method == "task_arithmetic" else (0.53, 0.53, 0.53))
    assert request.tokenizer_from == "org/instruct-8b"
    assert ("models.1.parameters.density has no effect" in request.notes) == (method == "task_arithmetic")


def test_self_merge() -> None:
    """The same layers twice in a row, and two runs of one model mixed with each other."""
    request = read("""
slices:
  - sources: [{model: m, layer_range: [0, 8]}]
  - sources: [{model: m, layer_range: [4, 12]}]
merge_method: passthrough
""")
    assert [s.model for part in request.slices for s in part.sources] == ["m", "m"]
    request = read("""
slices:
  - sources:
      - {model: m, layer_range: [0, 4], parameters: {weight: 0.9}}
      - {model: m, layer_range: [4, 8], parameters: {weight: 0.1}}
merge_method: linear
""")
    assert values(request, request.slices[0], "model.norm.weight", OUTSIDE).per_input == {"weight": (0.9, 0.1)}
