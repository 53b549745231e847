"""One verdict on one answer.

A judge is a file of this room that defines a class named like itself. Every answer gets up to two independent labels:
how the model *behaved*, and whether what it said is *safe*. A rule judge gives the first, a guard model the second. A
judge never guesses: what it cannot read it calls incoherent, or its own verdict unparsed.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import ClassVar, Protocol

from ..registry import Registry

__all__ = ["JUDGES", "Behavior", "Exchange", "Judge", "Safety", "Verdict"]

JUDGES = Registry("judges", "judge")


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
    """One prompt and its answer, as a judge sees them.

    Attributes:
        prompt: the user's turn.
        answer: the model's turn.
        topic: words that an answer to the point mentions, or None.
        finished: the model ended its turn by itself.
    """

    prompt: str
    answer: str
    topic: str | None = None
    finished: bool = True


@dataclass(frozen=True)
class Verdict:
    """The labels of one answer; None where the judge does not give that label."""

    behavior: Behavior | None
    safety: Safety | None = None


class Judge(Protocol):
    """Labels answers, many at a time so that a guard model can batch them."""

    version: ClassVar[int]

    def judge(self, exchanges: Sequence[Exchange]) -> list[Verdict]:
        """One verdict per exchange, in order."""
