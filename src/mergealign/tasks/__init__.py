"""Knowledge tasks, and prompt sets for safety and over-refusal.

A task is a file of this room: a frozen dataclass whose keyword-only fields are the keys of the suite file. It reads its
items, asks a model and says per item what came back; what an answer is worth as behavior is for a judge to say.
"""

from __future__ import annotations

import abc
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, ClassVar, Protocol, TypeVar

from ..registry import Registry

__all__ = ["TASKS", "Item", "Outcome", "Reply", "Subject", "Task"]

TASKS = Registry("tasks", "task")

Progress = Callable[[int], None]
"""Called with the number of items that were just finished."""


@dataclass(frozen=True)
class Item:
    """One question or one prompt, whose text stays out of its `repr`: it may be harmful, and tracebacks travel.

    Attributes:
        id: stable name of the item inside its task.
        prompt: the user's turn, without a chat template.
        cluster: items that share it are not independent (one goal or fact in several wordings); its own id if unknown.
        topic: words that an answer to the point mentions, or None.
        choices: possible answers; empty for a free prompt.
        target: the right one of the choices, or the right answer; None where nothing is right or wrong.
        subset: the part of the task that is scored for itself (a class of questions, a subject), or None.
    """

    id: str
    prompt: str = field(repr=False)
    cluster: str
    topic: str | None = None
    choices: tuple[str, ...] = ()
    target: str | None = None
    subset: str | None = None


@dataclass(frozen=True)
class Outcome:
    """What came back for one item.

    Attributes:
        item: the item.
        text: the answer in words; None where the task compares log-likelihoods.
        finished: the model ended its turn by itself.
        correct: right or wrong; None where nothing is right or wrong, or where the item could not be scored.
        score: log-likelihood of the right choice minus that of the best wrong one, in nats; None without choices.
        credit: how right the answer is, in [0, 1], where a task gives more than right and wrong (F1 of one answer).
        predicted: the choice that the model prefers; None without choices, or where the item could not be scored.
    """

    item: Item
    text: str | None = field(default=None, repr=False)
    finished: bool = True
    correct: bool | None = None
    score: float | None = None
    credit: float | None = None
    predicted: str | None = None


class Reply(Protocol):
    """An answer of a model."""

    @property
    def text(self) -> str: ...
    @property
    def finished(self) -> bool: ...


R = TypeVar("R", bound=Reply, covariant=True)


class Subject(Protocol[R]):
    """What a task needs of a model. Prompts are user turns by item id; the model applies its chat template."""

    def generate(
        self, prompts: Mapping[str, str], *, max_new_tokens: int, plain: bool = False, progress: Progress | None = None
    ) -> Mapping[str, R]:
        """Greedy answers by item id. `plain`: the prompts are documents to go on with, each read as `document` gives
        it, instead of user turns."""

    def document(self, text: str) -> str:
        """`text` as the beginning of a document, without a chat template: BOS before it where the tokenizer has one."""

    def render(self, prompt: str) -> str:
        """The prompt as the model reads it: template applied, up to where the answer begins."""

    def continuation(self, answer: str) -> str:
        """The answer as it follows the rendered prompt, with the white space that the template puts before it."""

    def harness(self, progress: Progress | None = None) -> Any:
        """The model as an `lm_eval.api.model.LM` that reads rendered prompts."""


@dataclass(frozen=True, kw_only=True)
class Task(abc.ABC):
    """One source of items and one way to ask them.

    Class attributes:
        version: raised whenever scores of the same data would change.
        sections: the sections of a suite where this task makes sense.
        metric: name of the share of items with `Outcome.correct`, a proportion; None where only behavior is judged.
        graded: name of the score that `aggregate` makes, which is no proportion of items; None if there is none. Where
            a task has both, `graded` is the one its authors report.
        verified: the code has read the real data; False where only its published description could be followed.
        origin: where the data comes from and under which licence, in a few words.
        needs_harness: it asks through `Subject.harness`, which a served model does not have.
    """

    version: ClassVar[int]
    sections: ClassVar[frozenset[str]]
    metric: ClassVar[str | None]
    graded: ClassVar[str | None] = None
    verified: ClassVar[bool] = True
    origin: ClassVar[str] = "a file of yours"
    needs_harness: ClassVar[bool] = False

    @classmethod
    def sections_for(cls, parameters: Mapping[str, Any]) -> frozenset[str]:  # noqa: ARG003 - a subclass may need them
        """The sections where the task makes sense with these parameters."""
        return cls.sections

    @abc.abstractmethod
    def items(self) -> tuple[Item, ...]:
        """All items. Raises EvaluationError with every malformed line."""

    @abc.abstractmethod
    def source_digest(self) -> str:
        """XXH3-128 of the data that is asked: the bytes of its files and, from the Hub, the resolved revision."""

    @abc.abstractmethod
    def ask(
        self,
        model: Subject[Reply],
        items: Sequence[Item],
        *,
        max_new_tokens: int,
        progress: Progress | None = None,
    ) -> list[Outcome]:
        """The model's outcomes, in the order of `items`, which may be any part of `items()`."""

    def aggregate(self, outcomes: Sequence[Outcome]) -> float | None:
        """The score `graded`, in [0, 1], over any sample of outcomes, repeated ones included (bootstrap).

        Unscored outcomes are left out; None where none is scored. Here: the mean of `Outcome.credit`.
        """
        credits_ = [o.credit for o in outcomes if o.credit is not None]
        return sum(credits_) / len(credits_) if credits_ else None
