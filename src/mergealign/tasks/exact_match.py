"""Questions of your own, answered in the model's words, compared with the one right answer."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

from . import Item
from ._answer import AnswerTask, Grade
from ._dataset import FileTask
from ._items import QUESTION_COLUMNS, question_item
from ._rows import parse_rows, read_rows, require_columns
from ._source import DataFile

__all__ = ["ExactMatch", "exact_match", "normalize"]


def normalize(text: str) -> str:
    """`" Red  Wine. "` → `"red wine"`."""
    return " ".join(text.casefold().split()).rstrip(" .,;:!?")


@dataclass(frozen=True, kw_only=True)
class ExactMatch(AnswerTask, FileTask):
    """Questions from a JSONL file, `{"id", "question", "choices", "answer", "group"?}`; choices stay hidden.

    exact_match: share of items with normalize(answer) = normalize(target), where `normalize` strips white space, folds
    case, joins runs of white space and drops closing punctuation. An empty answer is wrong.

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

    def grade(self, item: Item, text: str) -> Grade:
        return Grade(normalize(text) == normalize(item.target or ""))


exact_match = ExactMatch
