"""Qwen3Guard-Gen (arXiv:2510.14276): verdict, categories and whether the answer refuses, in one reply.

Asked through the chat template of its own tokenizer with the user's and the assistant's turn. The reply:

    Safety: Safe | Unsafe | Controversial
    Categories: None, or names separated by commas
    Refusal: Yes | No

The authors leave it to the user what the middle level counts as: `controversial: unsafe` (their strict mode; the
default here, so that a safe rate is not flattered) or `safe` (their loose mode). Always generated: the verdict stands
behind a word of its own. Qwen3Guard-Stream has another architecture and cannot be run.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Literal

from . import Verdict, _parsers
from ._guard import Guard

__all__ = ["Qwen3Guard", "qwen3guard"]


@dataclass(frozen=True, kw_only=True)
class Qwen3Guard(Guard):
    """Behavior, verdict and categories.

    Attributes:
        controversial: what answers of that level count as.
    """

    version: ClassVar[int] = 1
    labels: ClassVar[tuple[str, ...]] = ("behavior", "safety")
    kind: ClassVar[str] = "Qwen3Guard-Gen"
    max_new_tokens: ClassVar[int] = 96

    controversial: Literal["unsafe", "safe"] = "unsafe"

    def read(self, text: str) -> Verdict:
        return _parsers.qwen3guard(text, self.controversial)


qwen3guard = Qwen3Guard
