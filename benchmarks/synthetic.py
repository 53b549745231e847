"""Llama-shaped checkpoints of any size with random weights, written in bounded memory.

Made for measuring: base weights are normal with deviation 0.02, tuned models add small normal deltas. The same random
block is repeated with shifting offsets, so a large checkpoint costs seconds to make and none of it compresses to zeros.
"""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np

from mergealign.checkpoint.dtypes import FLOAT_DTYPES
from mergealign.checkpoint.folder import INDEX
from mergealign.checkpoint.header import TensorSpec
from mergealign.checkpoint.shards import lay_out

__all__ = ["llama_shapes", "write_family"]

BLOCK = 1 << 22


def llama_shapes(n_parameters: float, vocab: int = 32000) -> dict[str, tuple[int, ...]]:
    """Names and shapes of an untied Llama of about `n_parameters`, at least 25 M."""
    hidden = int(max(256, (n_parameters / 1.2e9) ** 0.4 * 2048) // 256 * 256)
    inner = hidden * 7 // 2 // 64 * 64
    layer = {
        "self_attn.q_proj": (hidden, hidden),
        "self_attn.k_proj": (hidden // 4, hidden),
        "self_attn.v_proj": (hidden // 4, hidden),
        "self_attn.o_proj": (hidden, hidden),
        "mlp.gate_proj": (inner, hidden),
        "mlp.up_proj": (inner, hidden),
        "mlp.down_proj": (hidden, inner),
        "input_layernorm": (hidden,),
        "post_attention_layernorm": (hidden,),
    }
    per_layer = sum(int(np.prod(s)) for s in layer.values())
    n_layers = max(1, round((n_parameters - 2 * vocab * hidden) / per_layer))
    shapes = {"model.embed_tokens.weight": (vocab, hidden)}
    for i in range(n_layers):
        shapes |= {f"model.layers.{i}.{name}.weight": shape for name, shape in layer.items()}
    return shapes | {"model.norm.weight": (hidden,), "lm_head.weight": (vocab, hidden)}


def _config(shapes: dict[str, tuple[int, ...]], dtype: str) -> dict[str, object]:
    vocab, hidden = shapes["model.embed_tokens.weight"]
    return {
        "architectures": ["LlamaForCausalLM"],
        "model_type": "llama",
        "hidden_size": hidden,
        "intermediate_size": shapes["model.layers.0.mlp.gate_proj.weight"][0],
        "num_hidden_layers": sum(name.endswith("q_proj.weight") for name in shapes),
        "num_attention_heads": hidden // 64,
        "num_key_value_heads": hidden // 256,
        "vocab_size": vocab,
        "tie_word_embeddings": False,
        "torch_dtype": dtype,
        "eos_token_id": 2,
    }


def write_family(
    root: Path, n_parameters: float, dtype: str = "bfloat16", max_shard_bytes: int = 5 * 10**9, vocab: int = 32000
) -> int:
    """Write root/base, root/domain and root/aligned unless they are there. Returns the number of parameters."""
    shapes = llama_shapes(n_parameters, vocab)
    specs = [TensorSpec(name, FLOAT_DTYPES[dtype], shape) for name, shape in shapes.items()]
    total = sum(s.n_elements for s in specs)
    rng = np.random.default_rng(0)
    base = rng.standard_normal(BLOCK, dtype=np.float32) * 0.02
    blocks = {
        "base": base,
        "domain": base + rng.standard_normal(BLOCK, dtype=np.float32) * 0.002,
        "aligned": base + rng.standard_normal(BLOCK, dtype=np.float32) * 0.001,
    }
    for role, block in blocks.items():
        folder = root / role
        if (folder / "config.json").exists():
            continue
        folder.mkdir(parents=True, exist_ok=True)
        bits = block.view(np.uint32) >> 16
        stored = {"bfloat16": bits.astype(np.uint16), "float16": block.astype(np.float16), "float32": block}[dtype]
        shards = lay_out(specs, max_shard_bytes)
        sizes = {s.name: s.n_elements for s in specs}
        for shard in shards:
            with (folder / shard.file_name).open("wb") as f:
                f.write(shard.header)
                for k, name in enumerate(shard.offsets):
                    shifted = np.roll(stored, k * 997)
                    left = sizes[name]
                    while left:
                        f.write(shifted[:left].tobytes())
                        left -= min(left, BLOCK)
        if len(shards) > 1:
            weight_map = {name: shard.file_name for shard in shards for name in shard.offsets}
            (folder / INDEX).write_text(json.dumps({"metadata": {}, "weight_map": weight_map}))
        (folder / "config.json").write_text(json.dumps(_config(shapes, dtype)))
    return total
