"""The family's tokenizer: byte-level BPE with turn markers, and the chat template that only the aligned model ships."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from .corpus import Document

__all__ = [
    "ASSISTANT",
    "CHAT_TEMPLATE",
    "CONTEXT_TOKENS",
    "END_OF_DOCUMENT",
    "END_OF_TURN",
    "PAD",
    "USER",
    "fast_tokenizer",
    "render",
    "train_tokenizer",
]

END_OF_DOCUMENT, PAD, USER, ASSISTANT, END_OF_TURN = SPECIALS = (
    "<|endoftext|>",
    "<|pad|>",
    "<|user|>",
    "<|assistant|>",
    "<|end|>",
)
CONTEXT_TOKENS = 128
CHAT_TEMPLATE = (
    "{% for message in messages %}"
    "{{ '<|' + message['role'] + '|>' + message['content'] + '<|end|>' }}"
    "{% endfor %}"
    "{% if add_generation_prompt %}{{ '<|assistant|>' }}{% endif %}"
)


def render(document: Document) -> str:
    """A document as the model reads it, up to the end-of-document token."""
    if document.prompt is None:
        return f"{document.text}{END_OF_DOCUMENT}"
    return f"{USER}{document.prompt}{END_OF_TURN}{ASSISTANT}{document.text}{END_OF_TURN}{END_OF_DOCUMENT}"


def train_tokenizer(texts: Iterable[str], vocab_size: int) -> Any:
    """A `tokenizers.Tokenizer`. Turns start like words inside a sentence: an answer has the tokens of a statement."""
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers

    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=True)
    tokenizer.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=vocab_size,
        special_tokens=list(SPECIALS),
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )
    tokenizer.train_from_iterator(texts, trainer)
    return tokenizer


def fast_tokenizer(
    tokenizer: Any, *, chat: bool, template: str = CHAT_TEMPLATE, context_tokens: int = CONTEXT_TOKENS
) -> Any:
    """As transformers sees it: with `chat` it carries `template` and ends at the turn, else at the document."""
    from transformers import PreTrainedTokenizerFast

    fast = PreTrainedTokenizerFast(
        tokenizer_object=tokenizer,
        bos_token=END_OF_DOCUMENT,
        eos_token=END_OF_TURN if chat else END_OF_DOCUMENT,
        pad_token=PAD,
        additional_special_tokens=[USER, ASSISTANT, END_OF_TURN],
        clean_up_tokenization_spaces=False,
        model_max_length=context_tokens,
    )
    if chat:
        fast.chat_template = template
    return fast
