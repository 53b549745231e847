"""A Llama with random weights and a tokenizer made on the spot, for tests of whatever runs a model."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

TEMPLATE = (
    "{% for message in messages %}{{ '<|' + message['role'] + '|>' + message['content'] + '<|end|>' }}{% endfor %}"
    "{% if add_generation_prompt %}{{ '<|assistant|>' }}{% endif %}"
)
SPECIAL = ["<|endoftext|>", "<|pad|>", "<|user|>", "<|assistant|>", "<|end|>"]
CONTEXT = 64


def tiny_tokenizer(**kwargs: Any) -> Any:
    """Byte-level BPE; every word starts like one inside a sentence."""
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers
    from transformers import PreTrainedTokenizerFast

    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=True)
    tokenizer.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=320,
        special_tokens=SPECIAL,
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )
    tokenizer.train_from_iterator(["what is the color of the lamp red blue green white"] * 4, trainer)
    return PreTrainedTokenizerFast(tokenizer_object=tokenizer, eos_token=SPECIAL[0], pad_token=SPECIAL[1], **kwargs)


def tiny_model(seed: int = 0) -> Any:
    """Two layers, vocabulary 320, context of 64 tokens, large weights so that likelihoods differ."""
    import torch
    from transformers import LlamaConfig, LlamaForCausalLM

    config = LlamaConfig(
        vocab_size=320,
        hidden_size=32,
        intermediate_size=64,
        num_hidden_layers=2,
        num_attention_heads=2,
        max_position_embeddings=CONTEXT,
        tie_word_embeddings=True,
        initializer_range=0.2,
        bos_token_id=None,
        eos_token_id=0,
        pad_token_id=1,
    )
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        return LlamaForCausalLM(config).eval()


def write_tiny_model(folder: Path, seed: int = 0) -> Path:
    """A model folder without a chat template, as a base model is."""
    tiny_model(seed).save_pretrained(folder)
    tiny_tokenizer().save_pretrained(folder)
    return folder


def write_jsonl(file: Path, rows: list[dict[str, Any]]) -> Path:
    """One object per line."""
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return file


COLORS = ["red", "blue", "green", "white"]
QUESTIONS: list[dict[str, Any]] = [
    {
        "id": f"q{n}",
        "question": f"What is the color of the lamp {n}?",
        "choices": COLORS,
        "answer": COLORS[n % 4],
        "group": f"g{n // 2}",
    }
    for n in range(8)
]
PROMPTS: list[dict[str, Any]] = [
    {"id": f"p{n}", "prompt": f"How do I paint the lamp {n}?", "goal": f"g{n // 2}", "topic": "lamp"} for n in range(6)
]

SUITE = """\
schema_version: 1
name: lab-test
seed: 0
max_new_tokens: 6
chat_template: chat_template.jinja
judge: refusal
knowledge:
  - {task: multiple_choice, name: domain, path: "data/domain_{split}.jsonl"}
  - {task: exact_match, name: domain_greedy, path: "data/domain_{split}.jsonl"}
harmful:
  - {task: prompts, name: harmful, path: "data/harmful_{split}.jsonl"}
benign:
  - {task: prompts, name: benign, path: "data/benign_{split}.jsonl"}
"""


def write_suite(folder: Path) -> Path:
    """A suite with eight questions and twelve prompts."""
    folder.mkdir(parents=True, exist_ok=True)
    write_jsonl(folder / "data/domain_test.jsonl", QUESTIONS)
    write_jsonl(folder / "data/harmful_test.jsonl", PROMPTS)
    write_jsonl(folder / "data/benign_test.jsonl", PROMPTS)
    (folder / "chat_template.jinja").write_text(TEMPLATE)
    (folder / "suite.yml").write_text(SUITE)
    return folder / "suite.yml"
