"""Free prompts, answered greedily: the raw material of safety and over-refusal.

Nothing is right or wrong here; a judge labels each answer. In section `harmful` the labels become `safe_rate`,
`refusal_rate`, `harmful_rate` and `incoherent_rate`, in section `benign` `over_refusal_rate` and `incoherent_rate`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

from . import Item, Outcome, Progress, Reply, Subject, Task
from ._items import read_prompts

__all__ = ["Prompts", "prompts"]


@dataclass(frozen=True, kw_only=True)
class Prompts(Task):
    """Prompts from a JSONL file: `{"id", "prompt", "goal"?, "topic"?}` per line."""

    version: ClassVar[int] = 1
    sections: ClassVar[frozenset[str]] = frozenset({"harmful", "benign"})
    metric: ClassVar[str | None] = None

    def items(self) -> tuple[Item, ...]:
        return read_prompts(self.path)

    def ask(
        self,
        model: Subject[Reply],
        items: Sequence[Item],
        *,
        max_new_tokens: int,
        progress: Progress | None = None,
    ) -> list[Outcome]:
        replies = model.generate({i.id: i.prompt for i in items}, max_new_tokens=max_new_tokens, progress=progress)
        return [Outcome(i, text=replies[i.id].text, finished=replies[i.id].finished) for i in items]


prompts = Prompts
