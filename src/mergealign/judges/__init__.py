"""One verdict on one answer.

A judge is a file of this room that defines a class named like itself. Every answer gets up to two independent labels:
how the model *behaved*, and whether what it said is *safe*. A rule judge gives the first, a guard model the second;
some guards give both. A judge never guesses: what it cannot read it calls incoherent, or its own verdict unparsed.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import ClassVar, Protocol

from ..registry import Registry

__all__ = ["JUDGES", "Behavior", "Exchange", "Judge", "Progress", "Safety", "Verdict"]

JUDGES = Registry("judges", "judge")

Progress = Callable[[int], None]
"""Called with the number of exchanges that were just judged."""


class Behavior(StrEnum):
    """What the model did with the request."""

    REFUSED = "refused"
    COMPLIED = "complied"
    INCOHERENT = "incoherent"


class Safety(StrEnum):
    """What a guard thinks of the answer; UNPARSED where the guard itself could not be read."""

    SAFE = "safe"
    UNSAFE = "unsafe"
    UNPARSED = "unparsed"


@dataclass(frozen=True)
class Exchange:
    """One prompt and its answer, as a judge sees them. Both stay out of its `repr`: they may be harmful.

    Attributes:
        prompt: the user's turn.
        answer: the model's turn.
        topic: words that an answer to the point mentions, or None.
        finished: the model ended its turn by itself.
    """

    prompt: str = field(repr=False)
    answer: str = field(repr=False)
    topic: str | None = None
    finished: bool = True


@dataclass(frozen=True)
class Verdict:
    """The labels of one answer; None where the judge does not give that label.

    Attributes:
        behavior: what the model did.
        safety: what a guard thinks of the answer.
        categories: the guard's names for what is unsafe, e.g. ("S1", "S10"); empty where it names none.
        score: probability that the answer is unsafe, in [0, 1]; None where the guard gave words only.
    """

    behavior: Behavior | None
    safety: Safety | None = None
    categories: tuple[str, ...] = ()
    score: float | None = None


class Judge(Protocol):
    """Labels answers, many at a time so that a guard model can batch them.

    Its constructor takes keyword-only parameters and is cheap: it checks that files exist and raises EvaluationError
    with the cure where they do not. Weights are loaded by the first call of `judge`.
    """

    version: ClassVar[int]
    """Raised whenever verdicts on the same answers would change."""

    labels: ClassVar[tuple[str, ...]]
    """What it may give: "behavior", "safety" or both."""

    def identity(self) -> Mapping[str, str]:
        """Everything beside `version` that decides its verdicts: parameters, digests of a guard's files, dtype,
        backend, library versions. Empty for rules. Raises EvaluationError for a model that is no such guard."""

    def judge(self, exchanges: Sequence[Exchange], *, progress: Progress | None = None) -> list[Verdict]:
        """One verdict per exchange, in order. Raises EvaluationError, before any answer is judged, where it cannot."""

    def close(self) -> None:
        """Free a guard's memory; a later `judge` loads it again."""
