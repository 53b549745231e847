"""HH-RLHF: conversations written as `\\n\\nHuman: …\\n\\nAssistant: …`, of which the first request is asked."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import ClassVar

from . import Item
from ._dataset import Benchmark, distinct
from ._prompt_set import PromptSet
from ._rows import Row, identity
from ._source import Source

__all__ = ["TranscriptTask", "hh_rlhf"]

_REPO = "Anthropic/hh-rlhf"
_HUMAN, _ASSISTANT = "\n\nHuman:", "\n\nAssistant:"


def hh_rlhf(split: str, local: str, file: str) -> Mapping[str, tuple[Source, ...]]:
    """One file of the Hub data set."""
    return {split: (Source(local, _REPO, file, "https://github.com/anthropics/hh-rlhf"),)}


class TranscriptTask(PromptSet, Benchmark):
    """Rows with a conversation in one column, the first of `columns`; the same request is asked once."""

    sections: ClassVar[frozenset[str]] = frozenset({"harmful"})
    origin: ClassVar[str] = "github.com/anthropics/hh-rlhf, MIT; Hub copy Anthropic/hh-rlhf"

    def rows(self, file: Path) -> Sequence[Row]:
        found = [self._opened(row) for row in super().rows(file)]
        begun = [row for row in found if row.problem or row.values["request"]]  # a few begin with nothing
        return list(distinct(begun, "request"))

    def _opened(self, row: Row) -> Row:
        value = row.values.get(self.columns[0])
        if row.problem:
            return row
        if not isinstance(value, str) or _HUMAN not in value:
            return replace(row, problem=f"'{self.columns[0]}' must be a conversation that a human begins")
        return replace(row, values={"request": value.split(_HUMAN)[1].split(_ASSISTANT)[0].strip()})

    def item(self, row: Row) -> Item:
        request = row.text("request")
        id_ = identity("hh-rlhf", request)
        return Item(id_, request, id_)
