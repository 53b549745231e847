"""One stage of training: documents in, a Hugging Face model folder out."""

from __future__ import annotations

import math
import random
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from .corpus import draw
from .packing import Piece, pack
from .recipe import Recipe, Stage
from .tokenizer import (
    ASSISTANT,
    CHAT_TEMPLATE,
    CONTEXT_TOKENS,
    END_OF_DOCUMENT,
    END_OF_TURN,
    PAD,
    fast_tokenizer,
    render,
)
from .world import World

__all__ = ["fit", "new_model", "save", "train"]


def new_model(recipe: Recipe, tokenizer: Any, seed: int, *, context_tokens: int = CONTEXT_TOKENS) -> Any:
    """An untrained LlamaForCausalLM that reads up to `context_tokens`."""
    import torch
    from transformers import LlamaConfig, LlamaForCausalLM

    torch.manual_seed(seed)
    end = tokenizer.token_to_id(END_OF_DOCUMENT)
    config = LlamaConfig(
        vocab_size=tokenizer.get_vocab_size(),
        hidden_size=recipe.hidden,
        intermediate_size=recipe.intermediate,
        num_hidden_layers=recipe.layers,
        num_attention_heads=recipe.heads,
        max_position_embeddings=context_tokens,
        tie_word_embeddings=True,
        bos_token_id=end,
        eos_token_id=end,
        pad_token_id=tokenizer.token_to_id(PAD),
    )
    return LlamaForCausalLM(config).float()


def train(
    model: Any, tokenizer: Any, world: World, stage: Stage, rng: random.Random, report: Callable[[int, float], None]
) -> None:
    """Train in place on the stage's mix; `report(step, loss)` is called after every step."""
    texts = [render(d) for d in draw(world, stage.mix, stage.steps * stage.batch, rng)]
    assistant = tokenizer.token_to_id(ASSISTANT)
    pieces = [
        Piece(e.ids, e.ids.index(assistant) + 1 if stage.tuned and assistant in e.ids else 0)
        for e in tokenizer.encode_batch(texts)
    ]
    fit(model, pieces, stage, tokenizer.token_to_id(PAD), report)


def fit(model: Any, pieces: Sequence[Piece], stage: Stage, pad: int, report: Callable[[int, float], None]) -> None:
    """Train in place on tokenized documents, `stage.batch` of them per step, in their order."""
    import torch

    model.train()
    model.get_input_embeddings().weight.requires_grad_(not stage.tuned)
    weights = [p for p in model.parameters() if p.requires_grad]
    optimizer = torch.optim.AdamW(weights, lr=stage.lr, betas=stage.betas, weight_decay=stage.weight_decay, fused=True)
    schedule = torch.optim.lr_scheduler.LambdaLR(optimizer, lambda step: _rate(step, stage))
    for step in range(stage.steps):
        batch = pack(pieces[step * stage.batch : (step + 1) * stage.batch], pad)
        loss = model(
            input_ids=batch.ids,
            labels=batch.labels,
            position_ids=batch.positions,
            attention_mask=batch.mask,
            use_cache=False,
        ).loss
        loss.backward()
        torch.nn.utils.clip_grad_norm_(weights, stage.clip)
        optimizer.step()
        optimizer.zero_grad(set_to_none=True)
        schedule.step()
        report(step + 1, loss.item())


def _rate(step: int, stage: Stage) -> float:
    """The factor on the learning rate: linear warm-up, cosine to 5 %."""
    if step < stage.warmup:
        return (step + 1) / stage.warmup
    done = (step - stage.warmup) / max(1, stage.steps - stage.warmup)
    return 0.05 + 0.95 * 0.5 * (1 + math.cos(math.pi * done))


def save(model: Any, tokenizer: Any, folder: Path, *, chat: bool, template: str = CHAT_TEMPLATE) -> None:
    """As a Hugging Face folder. With `chat` it ships `template` and stops at the end of a turn."""
    from transformers import GenerationConfig

    document, turn = tokenizer.token_to_id(END_OF_DOCUMENT), tokenizer.token_to_id(END_OF_TURN)
    model.config.eos_token_id = turn if chat else document
    model.generation_config = GenerationConfig(
        bos_token_id=document,
        eos_token_id=[turn, document] if chat else document,
        pad_token_id=tokenizer.token_to_id(PAD),
    )
    model.save_pretrained(folder)
    context_tokens = model.config.max_position_embeddings
    fast_tokenizer(tokenizer, chat=chat, template=template, context_tokens=context_tokens).save_pretrained(folder)
