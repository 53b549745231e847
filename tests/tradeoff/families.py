"""Families of tiny models as a search meets them: a base, and two models tuned from it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from mergealign.recipe.merge import ROLES, MergeRecipe, Models

from ..tiny_llama import TEMPLATE, tiny_model, tiny_tokenizer


def write_family(root: Path, model: Any = None, *, seed: int = 0, dtype: str | None = None) -> dict[str, Path]:
    """Save `model` (default: the tiny Llama) as base, and twice more with small random changes."""
    import torch

    model = tiny_model(seed) if model is None else model
    if dtype is not None:
        model = model.to(getattr(torch, dtype))
    generator = torch.Generator().manual_seed(seed + 1)
    folders = {}
    for role in ROLES:
        if role != "base":
            with torch.no_grad():
                for parameter in model.parameters():  # tied ones once
                    noise = torch.randn(parameter.shape, generator=generator) * 0.02
                    parameter.add_(noise.to(parameter.dtype))
        folders[role] = root / role
        model.save_pretrained(folders[role])
        tiny_tokenizer(chat_template=TEMPLATE).save_pretrained(folders[role])
    return folders


def recipe(folders: dict[str, Path], method: str = "mergealign", dtype: Any = None, **parameters: Any) -> MergeRecipe:
    models = Models(**{role: str(folder) for role, folder in folders.items()})
    return MergeRecipe(models=models, method=method, parameters=parameters, dtype=dtype, seed=0)


def untied_llama() -> Any:
    import torch
    from transformers import LlamaForCausalLM

    config = tiny_model().config
    config.tie_word_embeddings = False
    with torch.random.fork_rng():
        torch.manual_seed(3)
        return LlamaForCausalLM(config).eval()
