"""The base of tasks over data files: finding them, reading their rows, telling which data it was."""

from __future__ import annotations

import abc
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import ClassVar, Literal

import xxhash

from ..errors import EvaluationError
from . import Item, Task
from ._rows import Row, parse_rows, read_rows, require_columns
from ._source import DataFile, Source, digest_of, locate

__all__ = ["Benchmark", "FileTask", "distinct"]


class FileTask(Task):
    """Items from files that are found before they are read."""

    @abc.abstractmethod
    def locate_files(self) -> tuple[DataFile, ...]:
        """The data files, fetched if they must be. Raises EvaluationError."""

    @cached_property
    def files(self) -> tuple[DataFile, ...]:
        """The data files; looked for once."""
        return self.locate_files()

    def source_digest(self) -> str:
        return digest_of(self.files)


@dataclass(frozen=True, kw_only=True)
class Benchmark(FileTask):
    """A published data set whose files, columns and meaning this task knows.

    A subclass says in `sources` which files make up a split, in `columns` what every row has, and in `item` what a row
    means. Items come in an order of their own, by the digest of their id, so that the first N are a fair sample
    whatever the file was sorted by.

    Args:
        path: the file of the split, instead of the one of MERGEALIGN_DATA_DIR or the Hub.
        split: dev or test, instead of the one that is asked for.
        revision: branch, tag or commit of the Hub data set.
    """

    sources: ClassVar[Mapping[str, tuple[Source, ...]]]
    columns: ClassVar[tuple[str, ...]]

    path: Path | None = None
    split: Literal["dev", "test"] | None = None
    revision: str | None = None

    @abc.abstractmethod
    def item(self, row: Row) -> Item | None:
        """The item in a row, None for a row that is not asked. Raises ValueError for a malformed one."""

    def wanted(self) -> tuple[Source, ...]:
        """The files of the split. Raises EvaluationError where the data set has no such split."""
        split = self.split or "test"
        if split in self.sources:
            return self.sources[split]
        raise EvaluationError(
            f"task '{type(self).__module__.rpartition('.')[2]}' has no {split} data",
            cure=f"give a file of yours with 'path', leave the task out, or pin 'split: {next(iter(self.sources))}'",
        )

    def locate_files(self) -> tuple[DataFile, ...]:
        if self.path is not None:
            home = next(iter(self.sources.values()))[0]
            return (locate(home, given=self.path),)
        return tuple(locate(source, revision=self.revision) for source in self.wanted())

    def tables(self) -> tuple[DataFile, ...]:
        """Those of the files that hold the rows."""
        return self.files

    def rows(self, file: Path) -> Sequence[Row]:
        """The rows of one file."""
        rows = read_rows(file)
        require_columns(file, rows, self.columns)
        return rows

    def items(self) -> tuple[Item, ...]:
        """All items of the split. A row that the data set holds twice is asked twice, as published: its second id ends
        in `-2`, and both share a cluster."""
        n_seen: Counter[str] = Counter()

        def numbered(row: Row) -> Item | None:
            item = self.item(row)
            if item is None:
                return None
            n_seen[item.id] += 1
            return item if n_seen[item.id] == 1 else replace(item, id=f"{item.id}-{n_seen[item.id]}")

        found = (item for file in self.tables() for item in parse_rows(file.path, self.rows(file.path), numbered))
        return tuple(sorted(found, key=lambda item: xxhash.xxh3_64_intdigest(item.id.encode())))


def distinct(rows: Iterable[Row], column: str) -> Iterator[Row]:
    """The rows without those whose text in `column` an earlier one has."""
    seen: set[str] = set()
    for row in rows:
        value = row.values.get(column)
        if isinstance(value, str):
            if value in seen:
                continue
            seen.add(value)
        yield row
