"""Prompts of your own."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

from . import Item
from ._dataset import FileTask, distinct
from ._items import PROMPT_COLUMNS, prompt_item
from ._prompt_set import PromptSet
from ._rows import Row, identity, parse_rows, read_rows, require_columns
from ._source import DataFile

__all__ = ["Prompts", "prompts"]


@dataclass(frozen=True, kw_only=True)
class Prompts(PromptSet, FileTask):
    """Prompts from a JSONL, JSON, CSV or parquet file.

    Without `column`: `{"id", "prompt", "goal"?, "topic"?}` per row, ids as they are. With it, the prompts are what that
    column holds, each asked once, and an id is made of `id_column` (or nothing) and a digest of the prompt: it stays
    while the text stays.

    Args:
        path: the file.
        column: the column of the prompts.
        id_column: a column whose values begin the ids.
        goal_column: a column whose values group the prompts that ask for the same thing.
    """

    version: ClassVar[int] = 1

    path: Path
    column: str | None = None
    id_column: str | None = None
    goal_column: str | None = None

    def locate_files(self) -> tuple[DataFile, ...]:
        return (DataFile(self.path),)

    def items(self) -> tuple[Item, ...]:
        rows = read_rows(self.path)
        if self.column is None:
            require_columns(self.path, rows, PROMPT_COLUMNS)
            return parse_rows(self.path, rows, prompt_item)
        named = [c for c in (self.column, self.id_column, self.goal_column) if c is not None]
        require_columns(self.path, rows, named)
        return parse_rows(self.path, distinct(rows, self.column), self._item)

    def _item(self, row: Row) -> Item:
        prompt = row.text(self.column or "")
        name = str(row.values.get(self.id_column, "")) if self.id_column else "prompt"
        id_ = identity(name, prompt)
        return Item(id_, prompt, str(row.values[self.goal_column]) if self.goal_column else id_)


prompts = Prompts
