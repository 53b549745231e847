"""Which tensor becomes which: layers renumbered, what stands outside of them, and what does not fit."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from mergealign.check.layers import count_layers, in_layer, is_before_layers, layer_of
from mergealign.check.match import Matches, match
from mergealign.checkpoint.dtypes import DTYPES
from mergealign.checkpoint.header import Tensor
from mergealign.recipe.request import MergeRequest, SliceRequest, SourceRef


def model(
    n_layers: int, *kinds: str, outside: tuple[str, ...] = ("model.embed_tokens.weight", "model.norm.weight")
) -> Any:
    names = [*outside, *(f"model.layers.{i}.{k}.weight" for i in range(n_layers) for k in kinds or ("mlp.up_proj",))]
    return {n: Tensor(n, DTYPES["F32"], (2, 2), Path("f"), 0) for n in names}


def request(models: Any, *parts: SliceRequest) -> MergeRequest:
    return MergeRequest(
        dialect="mergekit",
        method="passthrough",
        models=dict.fromkeys(models, "path"),
        base=None,
        slices=parts,
        parameters={},
        dtype=None,
        tokenizer_from="a",
        chat_template_from="none",
        chat_template=None,
        max_shard_size=1,
        copy_code=False,
        seed=None,
        notes=(),
        settings={},
    )


def cut(*sources: tuple[str, int, int]) -> SliceRequest:
    return SliceRequest(tuple(SourceRef(m, range(start, stop)) for m, start, stop in sources))


def table(found: Matches) -> dict[str, list[str]]:
    return {m.name: [f"{s.model}:{s.tensor.name}" for s in m.sources] for m in found.tensors}


@pytest.mark.parametrize(
    ("name", "layer"),
    [
        ("model.layers.12.self_attn.q_proj.weight", 12),
        ("transformer.h.3.ln_1.bias", 3),
        ("model.layers.2.mlp.experts.7.w1.weight", 2),
        ("model.norm.weight", None),
        ("model.layers_norm.weight", None),
        ("lm_head.weight", None),
    ],
)
def test_layers_are_told_by_name(name: str, layer: int | None) -> None:
    assert layer_of(name) == layer


def test_renumbering_changes_the_layer_alone() -> None:
    assert in_layer("model.layers.2.mlp.experts.2.w1.weight", 5) == "model.layers.5.mlp.experts.2.w1.weight"
    assert count_layers(["a", "h.0.x", "h.4.x"]) == 5
    assert is_before_layers("transformer.wpe.weight")
    assert not is_before_layers("lm_head.weight")


def test_stacked_slices() -> None:
    models = {"a": model(4), "b": model(3)}
    found = match(models, request(models, cut(("a", 0, 2)), cut(("b", 1, 3)), cut(("a", 1, 2))))
    assert not found.findings
    layers = {n: s for n, s in table(found).items() if "layers" in n}
    assert layers == {
        "model.layers.0.mlp.up_proj.weight": ["a:model.layers.0.mlp.up_proj.weight"],
        "model.layers.1.mlp.up_proj.weight": ["a:model.layers.1.mlp.up_proj.weight"],
        "model.layers.2.mlp.up_proj.weight": ["b:model.layers.1.mlp.up_proj.weight"],
        "model.layers.3.mlp.up_proj.weight": ["b:model.layers.2.mlp.up_proj.weight"],
        "model.layers.4.mlp.up_proj.weight": ["a:model.layers.1.mlp.up_proj.weight"],
    }
    assert [m.position for m in found.tensors if "layers" in m.name] == [0, 1, 0, 1, 1]


def test_outside_of_the_layers_first_and_last_slice_decide() -> None:
    models = {"a": model(2), "b": model(2)}
    found = table(match(models, request(models, cut(("a", 0, 1)), cut(("b", 1, 2), ("a", 1, 2)))))
    assert found["model.embed_tokens.weight"] == ["a:model.embed_tokens.weight"]
    assert found["model.norm.weight"] == ["b:model.norm.weight", "a:model.norm.weight"]


def test_a_range_beyond_the_layers_is_an_error() -> None:
    models = {"a": model(4)}
    (finding,) = match(models, request(models, cut(("a", 2, 6)))).findings
    assert "layers 2 to 6 of a, which has 4" in finding.what
    assert "at most at 4" in finding.cure


def test_tensors_of_one_source_alone_are_errors_not_dropped() -> None:
    models = {"a": model(2, "q"), "b": model(2, "q", "k")}
    for order in (("a", "b"), ("b", "a")):
        part = cut(*((label, 0, 2) for label in order))
        findings = match(models, request(models, part)).findings
        assert any("model.layers.0.k.weight" in f.what for f in findings), order


def test_whole_models_keep_all_models_for_the_checks() -> None:
    models = {"base": model(3), "a": model(3), "b": model(3)}
    found = match(models, request(models, SliceRequest((SourceRef("b"), SourceRef("a")))))
    assert [s.model for s in found.tensors[0].sources] == ["b", "a"]
    assert [s.model for s in found.family[0].sources] == ["base", "a", "b"]
    assert [m.position for m in found.tensors] == [0, 0, 0, 0.5, 1]
