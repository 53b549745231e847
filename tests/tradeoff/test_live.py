"""Weights merged into a model in memory are those of the folder that the same recipe writes, bit for bit."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from mergealign.checkpoint.digest import weights_digest_of_folder
from mergealign.errors import IncompatibleError
from mergealign.merge.plan import make_plan
from mergealign.merge.run import merge
from mergealign.models.causal_lm import CausalLM
from mergealign.tradeoff.live import LiveModel, load_live

from ..tiny_llama import tiny_model
from .families import recipe, untied_llama, write_family


def tiny_mixtral() -> Any:
    import torch
    from transformers import MixtralConfig, MixtralForCausalLM

    with torch.random.fork_rng():
        torch.manual_seed(0)
        return MixtralForCausalLM(MixtralConfig(**_SIZES, num_local_experts=3, num_experts_per_tok=2)).eval()


def tiny_qwen_moe() -> Any:
    import torch
    from transformers import Qwen2MoeConfig, Qwen2MoeForCausalLM

    with torch.random.fork_rng():
        torch.manual_seed(0)
        config = Qwen2MoeConfig(
            **_SIZES, num_experts=3, num_experts_per_tok=2, moe_intermediate_size=16, shared_expert_intermediate_size=24
        )
        return Qwen2MoeForCausalLM(config).eval()


_SIZES: dict[str, Any] = {
    "vocab_size": 320,
    "hidden_size": 32,
    "intermediate_size": 48,
    "num_hidden_layers": 2,
    "num_attention_heads": 2,
    "num_key_value_heads": 1,
    "max_position_embeddings": 64,
    "bos_token_id": None,
    "eos_token_id": 0,
    "pad_token_id": 1,
    "initializer_range": 0.2,
}


def live(folders: dict[str, Path], **parameters: Any) -> LiveModel:
    plan = make_plan(recipe(folders, **parameters), allow_unrelated=True)
    return load_live(plan, chat_template=None, batch_size=4, device="cpu")


@pytest.mark.parametrize("make", [tiny_model, untied_llama, tiny_mixtral, tiny_qwen_moe])
def test_the_live_model_is_the_folder_that_the_recipe_writes(make: Callable[[], Any], tmp_path: Path) -> None:
    import torch

    folders = write_family(tmp_path, make(), dtype="bfloat16")
    model = live(folders)
    tokens = torch.arange(5, 25).reshape(2, 10)
    for weights in ((0.7, 1.2), (1.0, 0.0), (0.3, 0.3)):
        wanted = recipe(folders, domain_weight=weights[0], alignment_weight=weights[1])
        out = tmp_path / f"merged {weights}"
        merge(wanted, out, allow_unrelated=True)
        told = model.remerge(make_plan(wanted, allow_unrelated=True))
        assert told == model.sink.read_digest() == weights_digest_of_folder(out)
        loaded = CausalLM.load(out)
        with torch.inference_mode():
            assert torch.equal(model.lm.model(tokens).logits, loaded.model(tokens).logits)
        assert loaded.facts == model.lm.facts


def test_bytes_are_staged_where_parameters_are_not_on_the_cpu(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The way to an accelerator, taken with tensors that only pretend to be on one."""
    import torch

    from mergealign.tradeoff import live as module

    monkeypatch.setattr(module, "_bytes_of", lambda p: p.data.reshape(-1).view(torch.uint8))
    folders = write_family(tmp_path, untied_llama(), dtype="bfloat16")
    wanted = recipe(folders, domain_weight=0.7)
    merge(wanted, tmp_path / "merged", allow_unrelated=True)
    model = live(folders)
    told = model.remerge(make_plan(wanted, allow_unrelated=True), threads=3)
    assert told == model.sink.read_digest() == weights_digest_of_folder(tmp_path / "merged")


def test_other_rules_and_number_formats(tmp_path: Path) -> None:
    folders = write_family(tmp_path, untied_llama(), dtype="float32")
    settings: dict[str, Any] = {"method": "ties", "dtype": "bfloat16", "density": 0.4, "weight": 1.0}
    model = live(folders, **settings)
    wanted = recipe(folders, **settings)
    merge(wanted, tmp_path / "merged", allow_unrelated=True)
    assert model.remerge(make_plan(wanted, allow_unrelated=True)) == weights_digest_of_folder(tmp_path / "merged")
    assert model.sink.read_digest() == weights_digest_of_folder(tmp_path / "merged")


def test_the_inputs_are_not_touched(tmp_path: Path) -> None:
    folders = write_family(tmp_path, tiny_model())
    before = {role: weights_digest_of_folder(folder) for role, folder in folders.items()}
    files = {f: f.read_bytes() for folder in folders.values() for f in folder.iterdir()}
    model = live(folders)
    model.remerge(make_plan(recipe(folders, domain_weight=0.5), allow_unrelated=True))
    assert before == {role: weights_digest_of_folder(folder) for role, folder in folders.items()}
    assert files == {f: f.read_bytes() for folder in folders.values() for f in folder.iterdir()}


def test_number_formats_that_the_loader_would_change_are_refused(tmp_path: Path) -> None:
    from safetensors.torch import load_file, save_file

    folders = write_family(tmp_path, tiny_model(), dtype="bfloat16")
    for folder in folders.values():
        tensors = load_file(folder / "model.safetensors")
        tensors["model.norm.weight"] = tensors["model.norm.weight"].float()
        save_file(tensors, folder / "model.safetensors", metadata={"format": "pt"})
    with pytest.raises(IncompatibleError, match=r"'model\.norm\.weight' would be written as float32 and is torch\.bf"):
        live(folders)
    assert live(folders, dtype="bfloat16").remerge(make_plan(recipe(folders, dtype="bfloat16"), allow_unrelated=True))


def test_tensors_that_the_model_does_not_have_are_refused(tmp_path: Path) -> None:
    import torch
    from safetensors.torch import load_file, save_file

    folders = write_family(tmp_path, tiny_model())
    for folder in folders.values():
        tensors = load_file(folder / "model.safetensors")
        tensors["model.layers.0.mlp.extra.weight"] = torch.ones(3, 4)
        save_file(tensors, folder / "model.safetensors", metadata={"format": "pt"})
    with pytest.raises(IncompatibleError, match=r"mlp\.extra\.weight' has no counterpart"):
        live(folders)


def test_a_place_that_holds_other_bytes_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from mergealign.tradeoff import places

    monkeypatch.setitem(places._FUSED, "w1", ("gate_up_proj", 1))
    monkeypatch.setitem(places._FUSED, "w3", ("gate_up_proj", 0))
    with pytest.raises(IncompatibleError, match=r"does not load .*experts\.0\.w1"):
        live(write_family(tmp_path, tiny_mixtral()))
