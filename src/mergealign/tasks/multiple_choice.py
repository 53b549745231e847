"""Questions of your own, answered by the likeliest of their choices."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

from . import Item
from ._choice import ChoiceTask
from ._dataset import FileTask
from ._items import QUESTION_COLUMNS, question_item
from ._rows import parse_rows, read_rows, require_columns
from ._source import DataFile

__all__ = ["MultipleChoice", "multiple_choice"]


@dataclass(frozen=True, kw_only=True)
class MultipleChoice(ChoiceTask, FileTask):
    """Questions from a JSONL file: `{"id", "question", "choices": [text, …], "answer": one of them, "group"?}`.

    acc: share of items whose right choice has the highest log p(choice | question), summed over its tokens.

    Args:
        path: the file.
    """

    version: ClassVar[int] = 1
    sections: ClassVar[frozenset[str]] = frozenset({"knowledge", "general"})

    path: Path

    def locate_files(self) -> tuple[DataFile, ...]:
        return (DataFile(self.path),)

    def items(self) -> tuple[Item, ...]:
        rows = read_rows(self.path)
        require_columns(self.path, rows, QUESTION_COLUMNS)
        return parse_rows(self.path, rows, question_item)


multiple_choice = MultipleChoice
