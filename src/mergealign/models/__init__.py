"""Something that answers: a causal language model in memory."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

__all__ = ["Answer", "Model", "Progress"]

Progress = Callable[[int], None]
"""Called with the number of items that were just finished."""


@dataclass(frozen=True)
class Answer:
    """What a model said in its turn.

    Attributes:
        text: its words, special tokens left out.
        finished: it ended its turn by itself; False where it was cut off.
        n_tokens: length of the answer without the token that ended it.
    """

    text: str
    finished: bool
    n_tokens: int


class Model(Protocol):
    """Answers user turns, by item id, in whatever order is fast."""

    @property
    def facts(self) -> Mapping[str, str]:
        """What else decides its answers, for the record: dtype, device, digest of the chat template …"""

    def generate(
        self, prompts: Mapping[str, str], *, max_new_tokens: int, progress: Progress | None = None
    ) -> dict[str, Answer]:
        """Greedy answers by item id."""

    def render(self, prompt: str) -> str:
        """The prompt as the model reads it: chat template applied, up to where the answer begins."""

    def continuation(self, answer: str) -> str:
        """The answer as it follows the rendered prompt, with the white space that the template puts before it."""

    def harness(self, progress: Progress | None = None) -> Any:
        """The model as an `lm_eval.api.model.LM` that reads rendered prompts."""
