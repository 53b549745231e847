"""Llama Guard 3 and 4 (arXiv:2312.06674): is the answer safe, and which of the hazards S1–S14 does it hold?

Asked through the chat template of its own tokenizer with the user's and the assistant's turn. The reply is `safe`, or
`unsafe` and a line `S1,S10`. By logits, the verdict comes from the two words (Llama Guard 3 puts an empty line before
them: found by asking about harmless exchanges), and the categories of unsafe answers from a few more tokens.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from . import Verdict, _parsers
from ._guard import Guard, Words

__all__ = ["LlamaGuard", "llama_guard"]


@dataclass(frozen=True, kw_only=True)
class LlamaGuard(Guard):
    """Verdict, categories and, by logits, a score."""

    version: ClassVar[int] = 1
    kind: ClassVar[str] = "Llama Guard"

    @property
    def words(self) -> tuple[Words, ...]:
        return (Words("safe", "unsafe"),)

    @property
    def names_categories(self) -> bool:
        return True

    def read(self, text: str) -> Verdict:
        return _parsers.llama_guard(text)


llama_guard = LlamaGuard
