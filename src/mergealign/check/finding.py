"""One line of the answer to "do these belong together?"."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from ..errors import printable

__all__ = ["Finding", "Level"]


class Level(StrEnum):
    """How much a finding matters."""

    OK = "ok"
    NOTE = "note"
    WARNING = "warning"
    ERROR = "error"


@dataclass(frozen=True)
class Finding:
    """What was found about one subject.

    Attributes:
        level: an ERROR stops a merge, a WARNING is shown by it, a NOTE says what happens.
        subject: row of the table, "tensor shapes".
        what: in words, with the names of roles and tensors.
        cure: what to do about it.
    """

    level: Level
    subject: str
    what: str
    cure: str = ""

    def __post_init__(self) -> None:
        """Names of files, tensors and tokens were chosen by others: whatever they hold, a finding can be printed."""
        object.__setattr__(self, "what", printable(self.what))
