"""Something that answers: a causal language model in this process, or a server that speaks the OpenAI protocol."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

__all__ = ["Answer", "Memo", "Model", "Progress", "Turn"]

Progress = Callable[[int], None]
"""Called with the number of items that were just finished."""


@dataclass(frozen=True)
class Turn:
    """One turn of a conversation: `role` is system, user or assistant. The content, which may be harmful, stays out of
    its `repr`, as the text of an answer does."""

    role: str
    content: str = field(repr=False)


@dataclass(frozen=True)
class Answer:
    """What a model said in its turn.

    Attributes:
        text: its words, special tokens left out.
        finished: it ended its turn by itself; False where it was cut off.
        n_tokens: length of the answer without the token that ended it.
    """

    text: str = field(repr=False)
    finished: bool
    n_tokens: int


class Memo(Protocol):
    """What a model was asked before, and what came back. It is asked about a whole batch, never about a part of one:
    numbers depend on the batch, and a run that was resumed must equal one that was not."""

    def recall(self, question: Any) -> Any | None:
        """The reply that was kept for `question` (JSON), or None."""

    def keep(self, question: Any, reply: Any) -> None:
        """Keep `reply` (JSON) for good."""


class Model(Protocol):
    """Answers user turns, by item id, in whatever order is fast.

    Attributes:
        memo: asked before a batch is run and told after it; None = nothing is remembered.
    """

    memo: Memo | None

    @property
    def facts(self) -> Mapping[str, str]:
        """What else decides its answers, for the record: dtype, device, digest of the chat template …"""

    def identity(self) -> Mapping[str, str]:
        """All that decides its answers beside the question: what a cache has to be keyed on."""

    def generate(
        self, prompts: Mapping[str, str], *, max_new_tokens: int, plain: bool = False, progress: Progress | None = None
    ) -> dict[str, Answer]:
        """Greedy answers by item id. `plain`: the prompts are documents to go on with instead of user turns."""

    def chat(
        self, conversations: Mapping[str, Sequence[Turn]], *, max_new_tokens: int, progress: Progress | None = None
    ) -> dict[str, Answer]:
        """Greedy answers to conversations of several turns, by item id."""

    def document(self, text: str) -> str:
        """`text` as the beginning of a document, without a chat template: behind BOS where the tokenizer writes one."""

    def render(self, prompt: str) -> str:
        """The prompt as the model reads it: chat template applied, up to where the answer begins."""

    def continuation(self, answer: str) -> str:
        """The answer as it follows the rendered prompt, with the white space that the template puts before it."""

    def harness(self, progress: Progress | None = None) -> Any:
        """The model as an `lm_eval.api.model.LM` that reads rendered prompts."""
