"""Names of several families and the parts they belong to."""

from __future__ import annotations

import pytest

from mergealign.similarity.groups import GROUPS, group_of, layer_path


@pytest.mark.parametrize(
    ("name", "group"),
    [
        ("model.embed_tokens.weight", "embedding"),
        ("transformer.wte.weight", "embedding"),
        ("model.layers.3.self_attn.q_proj.weight", "attention"),
        ("gpt_neox.layers.3.attention.query_key_value.bias", "attention"),
        ("model.layers.3.self_attn.q_norm.weight", "norm"),
        ("model.layers.3.post_attention_layernorm.weight", "norm"),
        ("transformer.h.3.ln_1.weight", "norm"),
        ("model.norm.weight", "norm"),
        ("model.layers.3.mlp.gate_proj.weight", "mlp"),
        ("model.layers.3.block_sparse_moe.experts.5.w1.weight", "mlp"),
        ("model.decoder.layers.3.fc1.weight", "mlp"),
        ("lm_head.weight", "head"),
        ("embed_out.weight", "head"),
        ("backbone.layers.3.mixer.A_log", "other"),
    ],
)
def test_groups(name: str, group: str) -> None:
    assert group_of(name) == group
    assert group in GROUPS


def test_layers() -> None:
    assert layer_path("model.layers.12.mlp.up_proj.weight") == ("model.layers.12", 12)
    assert layer_path("transformer.h.0.ln_1.weight") == ("transformer.h.0", 0)
    assert layer_path("vision.blocks.2.layers.1.weight") == ("vision.blocks.2", 2)
    assert layer_path("model.norm.weight") is None
