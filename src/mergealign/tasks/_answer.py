"""Questions answered in the model's own words. A judge labels the same answers: `refusal_rate` among them."""

from __future__ import annotations

import abc
from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

from . import Item, Outcome, Progress, Reply, Subject, Task

__all__ = ["AnswerTask", "Grade"]


@dataclass(frozen=True)
class Grade:
    """What one answer is worth: right or wrong, and in [0, 1] where there is more to tell."""

    correct: bool | None
    credit: float | None = None


class AnswerTask(Task):
    """Greedy answers, graded one by one; a subclass brings the items and `grade`. An empty answer is wrong.

    Class attributes:
        plain: prompts are documents to go on with; no chat template is applied.
    """

    metric: ClassVar[str | None] = "exact_match"
    plain: ClassVar[bool] = False

    @abc.abstractmethod
    def grade(self, item: Item, text: str) -> Grade:
        """What an answer is worth; Grade(None) where the item cannot be scored."""

    def ask(
        self,
        model: Subject[Reply],
        items: Sequence[Item],
        *,
        max_new_tokens: int,
        progress: Progress | None = None,
    ) -> list[Outcome]:
        prompts = {i.id: i.prompt for i in items}
        if self.plain:
            replies = model.generate(prompts, max_new_tokens=max_new_tokens, plain=True, progress=progress)
        else:
            replies = model.generate(prompts, max_new_tokens=max_new_tokens, progress=progress)
        return [self._outcome(i, replies[i.id]) for i in items]

    def _outcome(self, item: Item, reply: Reply) -> Outcome:
        grade = self.grade(item, reply.text)
        return Outcome(item, text=reply.text, finished=reply.finished, correct=grade.correct, credit=grade.credit)
