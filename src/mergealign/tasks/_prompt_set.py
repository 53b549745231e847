"""Free prompts, answered greedily: the raw material of safety and over-refusal.

Nothing is right or wrong here; a judge labels each answer. In section `harmful` the labels become `safe_rate`,
`refusal_rate`, `harmful_rate` and `incoherent_rate`, in section `benign` `over_refusal_rate` and `incoherent_rate`.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from . import Item, Outcome, Progress, Reply, Subject, Task

__all__ = ["PromptSet"]


class PromptSet(Task):
    """Asks and hands the answers on; a subclass brings the items."""

    sections: ClassVar[frozenset[str]] = frozenset({"harmful", "benign"})
    metric: ClassVar[str | None] = None

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
