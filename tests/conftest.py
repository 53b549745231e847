"""Shared pieces: small checkpoints made with torch and safetensors, that is, without the code under test."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest

os.environ.setdefault("HF_HUB_OFFLINE", "1")
os.environ.setdefault("OMP_WAIT_POLICY", "passive")  # before torch: spinning threads starve each other on busy cores
os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")


SHAPES = {
    "model.embed_tokens.weight": (96, 32),
    "model.layers.0.self_attn.q_proj.weight": (32, 32),
    "model.layers.0.mlp.up_proj.weight": (88, 32),
    "model.layers.0.input_layernorm.weight": (32,),
    "model.norm.weight": (32,),
    "lm_head.weight": (96, 32),
}
CONFIG = {
    "architectures": ["LlamaForCausalLM"],
    "model_type": "llama",
    "hidden_size": 32,
    "num_attention_heads": 4,
    "vocab_size": 96,
    "tie_word_embeddings": False,
    "torch_dtype": "bfloat16",
    "eos_token_id": 1,
}


def write_model(
    folder: Path,
    tensors: Mapping[str, Any],
    config: Mapping[str, Any] | None = None,
    shards: int = 1,
    files: Mapping[str, Any] | None = None,
) -> Path:
    """Save torch tensors as a model folder; `files` are further JSON (or text) files by name."""
    from safetensors.torch import save_file

    folder.mkdir(parents=True, exist_ok=True)
    (folder / "config.json").write_text(json.dumps({**CONFIG, **(config or {})}))
    names = list(tensors)
    if shards == 1:
        save_file(dict(tensors), folder / "model.safetensors", metadata={"format": "pt"})
    else:
        weight_map = {}
        for i in range(shards):
            part = f"model-{i + 1:05d}-of-{shards:05d}.safetensors"
            chosen = {n: tensors[n] for n in names[i::shards]}
            save_file(chosen, folder / part, metadata={"format": "pt"})
            weight_map |= dict.fromkeys(chosen, part)
        (folder / "model.safetensors.index.json").write_text(json.dumps({"metadata": {}, "weight_map": weight_map}))
    for name, content in (files or {}).items():
        (folder / name).write_text(content if isinstance(content, str) else json.dumps(content))
    return folder


def random_tensors(
    seed: int, dtype: str = "bfloat16", shapes: Mapping[str, tuple[int, ...]] = SHAPES
) -> dict[str, Any]:
    """Seed 0 is a base, every other seed a model tuned from it: base plus a delta of a tenth of its size."""
    import torch

    def draw(seed: int) -> dict[str, Any]:
        generator = torch.Generator().manual_seed(seed)
        return {n: torch.randn(s, generator=generator) * 0.02 for n, s in shapes.items()}

    base, delta = draw(0), draw(seed)
    return {n: (t + (0.1 * delta[n] if seed else 0)).to(getattr(torch, dtype)) for n, t in base.items()}


TOKENIZER = {
    "model": {"type": "BPE", "vocab": {"a": 0, "</s>": 1, "b": 2}, "merges": []},
    "added_tokens": [{"id": 1, "content": "</s>"}, {"id": 3, "content": "<|end|>"}],
}
TOKENIZER_CONFIG = {"eos_token": "</s>", "chat_template": "{{ messages[0].content }}<|end|>"}
TOKENIZER_FILES = {
    "tokenizer.json": TOKENIZER,
    "tokenizer_config.json": TOKENIZER_CONFIG,
    "generation_config.json": {"eos_token_id": [1, 3]},
}


@pytest.fixture
def family(tmp_path: Path) -> Callable[..., dict[str, Path]]:
    """A function that writes base, domain and aligned, with changes by role, and returns their folders."""

    def make(**changes: Mapping[str, Any]) -> dict[str, Path]:
        folders = {}
        for seed, role in enumerate(("base", "domain", "aligned")):
            change = dict(changes.get(role, {}))
            tensors = {**random_tensors(seed, change.pop("dtype", "bfloat16")), **change.pop("tensors", {})}
            tensors = {n: t for n, t in tensors.items() if t is not None}
            files = {**TOKENIZER_FILES, **change.pop("files", {})}
            folders[role] = write_model(tmp_path / role, tensors, files=files, **change)
        return folders

    return make
