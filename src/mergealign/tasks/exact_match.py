"""Questions answered in the model's own words, compared with the one right answer.

    exact_match = share of items with normalize(answer) = normalize(target)

`normalize` strips white space, folds case, joins runs of white space and drops closing punctuation. An empty answer is
wrong. A judge labels the same answers, which gives `refusal_rate`: harmless questions that were refused.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

from . import Item, Outcome, Progress, Reply, Subject, Task
from ._items import read_questions

__all__ = ["ExactMatch", "exact_match", "normalize"]


def normalize(text: str) -> str:
    """`" Red  Wine. "` → `"red wine"`."""
    return " ".join(text.casefold().split()).rstrip(" .,;:!?")


@dataclass(frozen=True, kw_only=True)
class ExactMatch(Task):
    """Questions from a JSONL file, `{"id", "question", "choices", "answer", "group"?}`; choices stay hidden."""

    version: ClassVar[int] = 1
    sections: ClassVar[frozenset[str]] = frozenset({"knowledge", "general"})
    metric: ClassVar[str | None] = "exact_match"

    def items(self) -> tuple[Item, ...]:
        return read_questions(self.path)

    def ask(
        self,
        model: Subject[Reply],
        items: Sequence[Item],
        *,
        max_new_tokens: int,
        progress: Progress | None = None,
    ) -> list[Outcome]:
        replies = model.generate({i.id: i.prompt for i in items}, max_new_tokens=max_new_tokens, progress=progress)
        return [self._outcome(i, replies[i.id]) for i in items]

    @staticmethod
    def _outcome(item: Item, reply: Reply) -> Outcome:
        correct = normalize(reply.text) == normalize(item.target or "")
        return Outcome(item, text=reply.text, finished=reply.finished, correct=correct)


exact_match = ExactMatch
