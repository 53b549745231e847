"""What was found, as JSON lines: the settings, then references, candidates and rows, each written when it is known.

A run that was stopped reads them and goes on behind the last.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Literal, TypeVar

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError

from mergealign.errors import OutputError
from mergealign.record.evaluation import Rate
from mergealign.record.study import Choice, Measures

__all__ = ["Candidate", "Cost", "Line", "Reference", "Results", "Row", "Settings"]

ANOTHER = "choose another --out, or remove it"


class _Frozen(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Cost(_Frozen):
    """Seconds; CPU is user and system time over all threads, None where it was not taken."""

    wall_s: float
    cpu_s: float | None

    def __add__(self, other: Cost) -> Cost:
        cpu_s = None if self.cpu_s is None or other.cpu_s is None else self.cpu_s + other.cpu_s
        return Cost(wall_s=self.wall_s + other.wall_s, cpu_s=cpu_s)


class Settings(_Frozen):
    """All that decides the numbers. `rates` are the learning rates tried, by method."""

    kind: Literal["settings"] = "settings"
    lab: str
    weights: dict[str, str]
    suite_digest: str
    n_pairs: int
    batch_size: int
    seed: int
    threads: int
    limit: int | None
    rates: dict[str, tuple[float, ...]]
    versions: dict[str, str]


class Reference(_Frozen):
    """Expert and aligned model on development items: what the policy's bounds follow from."""

    kind: Literal["reference"] = "reference"
    name: str
    measures: Measures


class Candidate(_Frozen):
    """One variant at one learning rate on development items; without measures, training diverged."""

    kind: Literal["candidate"] = "candidate"
    variant: str
    learning_rate: float
    n_steps: int
    final_loss: float | None
    training: Cost
    evaluation: Cost
    measures: Measures | None


class Row(_Frozen):
    """One model on test items.

    Attributes:
        how: learning rate or weights.
        making: cost of training or merging it once.
        choosing: of all candidates, development items included; None where nothing was chosen.
        choice: by the policy; None likewise.
        rates: by task and name, as in evaluation records.
    """

    kind: Literal["row"] = "row"
    name: str
    how: str
    making: Cost | None
    choosing: Cost | None
    choice: Choice | None
    weights_digest: str | None
    measures: Measures
    rates: dict[str, dict[str, Rate]]


Line = Settings | Reference | Candidate | Row
_LINE: TypeAdapter[Line] = TypeAdapter(Annotated[Line, Field(discriminator="kind")])
L = TypeVar("L", Reference, Candidate, Row)


class Results:
    """The lines of one file, in the order in which they were found."""

    def __init__(self, file: Path, settings: Settings) -> None:
        """Open or begin `file`. Raises OutputError if it holds something else than results under these settings."""
        self.file = file
        self.lines: list[Line] = []
        if file.exists():
            try:
                self.lines = [_LINE.validate_json(line) for line in _whole_lines(file)]
            except ValidationError as e:
                raise OutputError(f"{file} holds no results of this version", cure=ANOTHER) from e
            if self.lines and self.lines[0] != settings:
                raise OutputError(f"{file} holds results under other settings", cure=ANOTHER)
        if not self.lines:
            self._append(settings)

    def find(self, kind: type[L], matches: Callable[[L], bool]) -> L | None:
        """The first line of a kind that matches."""
        return next((line for line in self.lines if isinstance(line, kind) and matches(line)), None)

    def add(self, line: L) -> L:
        """Keep a line, on disk before this returns."""
        self._append(line)
        return line

    @property
    def rows(self) -> list[Row]:
        return [line for line in self.lines if isinstance(line, Row)]

    def _append(self, line: Line) -> None:
        self.file.parent.mkdir(parents=True, exist_ok=True)
        with self.file.open("a", encoding="utf-8") as file:
            file.write(line.model_dump_json() + "\n")
        self.lines.append(line)


def _whole_lines(file: Path) -> list[str]:
    """All lines; one that was cut off by a kill is removed from the file."""
    whole, newline, cut = file.read_text(encoding="utf-8").rpartition("\n")
    if cut:
        file.write_text(whole + newline, encoding="utf-8")
    return whole.splitlines()
