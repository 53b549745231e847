"""Rows of data files: CSV, JSON, JSON Lines (also compressed) and parquet; every malformed row is reported."""

from __future__ import annotations

import csv
import gzip
import io
import json
import lzma
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import xxhash

from ..errors import EvaluationError, MissingExtraError, Problem
from . import Item

__all__ = ["Row", "identity", "parse_rows", "read_json", "read_rows", "require_columns"]

MAX_PROBLEMS = 20  # of one file


@dataclass(frozen=True)
class Row:
    """One row; `where` names file and line. The accessors raise ValueError, never with a value in the message.

    `problem` says why the row could not be read at all; `parse_rows` reports it with the others.
    """

    where: str
    values: dict[str, Any] = field(repr=False)
    problem: str = ""

    def text(self, column: str, default: str | None = None) -> str:
        """A text that is not empty, as it stands in the file."""
        value = self.values.get(column, default)
        if value is None:
            raise ValueError(f"'{column}' is missing (found: {', '.join(map(str, self.values)) or 'nothing'})")
        if not isinstance(value, str) or not value.strip():
            raise ValueError(f"'{column}' must be a text that is not empty")
        return value

    def texts(self, column: str) -> tuple[str, ...]:
        """A list of texts that are not empty."""
        value = self.values.get(column)
        if isinstance(value, str) or not isinstance(value, Iterable):
            raise ValueError(f"'{column}' must be a list of texts")
        found = tuple(value)
        if not found or not all(isinstance(v, str) and v.strip() for v in found):
            raise ValueError(f"'{column}' must be a list of texts")
        return found

    def index(self, column: str, n: int) -> int:
        """A whole number in [0, n)."""
        try:
            value = int(self.values[column])
        except (KeyError, TypeError, ValueError) as e:
            raise ValueError(f"'{column}' must be a whole number") from e
        if not 0 <= value < n:
            raise ValueError(f"'{column}' must be between 0 and {n - 1}")
        return value


def read_rows(path: Path) -> list[Row]:
    """All rows of a file; its format follows from its name: `.csv`, `.parquet`, anything else is JSON or JSON Lines.

    `.gz` and `.xz` behind the name mean what they say. Raises EvaluationError.
    """
    kind = path.with_suffix("").suffix if path.suffix in (".gz", ".xz") else path.suffix
    if kind == ".parquet":
        return _parquet(path)
    text = _text(path)
    if kind == ".csv":
        return _csv(path, text)
    return _rows_of(path, _loads(path, text)) if text.lstrip().startswith("[") else _json_lines(path, text)


def read_json(path: Path) -> Any:
    """The JSON value in a file. Raises EvaluationError."""
    return _loads(path, _text(path))


def require_columns(path: Path, rows: Sequence[Row], columns: Iterable[str]) -> None:
    """Raise EvaluationError for every column that no row has, naming the file and the columns it does have."""
    found = dict.fromkeys(column for row in rows for column in row.values)
    missing = [c for c in columns if c not in found]
    if found and missing:
        has = ", ".join(map(str, list(found)[:20])) or "nothing"
        cure = "the data set has changed, or it is another one: give the file this task was written for"
        raise EvaluationError(*(Problem(f"{path} has no column '{c}' (found: {has})", cure) for c in missing))


def parse_rows(path: Path, rows: Iterable[Row], parse: Callable[[Row], Item | None]) -> tuple[Item, ...]:
    """The items of a file in its order; rows that `parse` makes nothing of are left out.

    Raises EvaluationError with the malformed rows, and where no item is left.
    """
    problems: list[Problem] = []
    items: dict[str, Item] = {}
    for row in rows:
        try:
            if row.problem:
                raise ValueError(row.problem)
            item = parse(row)
            if item is None:
                continue
            if item.id in items:
                raise ValueError(f"id '{item.id}' occurs twice")
            items[item.id] = item
        except ValueError as e:
            problems.append(Problem(f"{row.where}: {e}"))
    if not items and not problems:
        problems.append(Problem(f"{path} holds no items", "one JSON object per line"))
    if problems:
        more = len(problems) - MAX_PROBLEMS
        raise EvaluationError(*problems[:MAX_PROBLEMS], *([f"{path}: {more} more malformed rows"] if more > 0 else []))
    return tuple(items.values())


def identity(name: str, *texts: str) -> str:
    """An id that is stable, and changes with the texts: `name` and eight hex digits of their XXH3-64."""
    return f"{name}-{xxhash.xxh3_64_hexdigest(chr(0).join(texts).encode())[:8]}"


def _text(path: Path) -> str:
    try:
        content = path.read_bytes()
        if path.suffix == ".gz":
            content = gzip.decompress(content)
        elif path.suffix == ".xz":
            content = lzma.decompress(content)
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as e:
        raise EvaluationError(f"{path} is not UTF-8 text", cure="save it as UTF-8") from e
    except (gzip.BadGzipFile, EOFError, lzma.LZMAError) as e:
        raise EvaluationError(f"{path} cannot be unpacked: {e}", cure="download it again") from e
    except OSError as e:
        raise EvaluationError(f"cannot read {path}: {e.strerror}", cure="give the path of an existing file") from e


def _csv(path: Path, text: str) -> list[Row]:
    csv.field_size_limit(1 << 24)
    reader = csv.DictReader(io.StringIO(text, newline=""), strict=True)
    rows: list[Row] = []
    try:
        for values in reader:
            if None in values or None in values.values():
                raise EvaluationError(f"{path}:{reader.line_num}: not as many values as columns", cure="mend the CSV")
            rows.append(Row(f"{path}:{reader.line_num}", dict(values)))
    except csv.Error as e:
        raise EvaluationError(f"{path}:{reader.line_num}: not CSV: {e}", cure="save it as CSV, or as JSON Lines") from e
    return rows


def _json_lines(path: Path, text: str) -> list[Row]:
    rows: list[Row] = []
    for number, line in enumerate(text.split("\n"), start=1):
        if not line.strip():
            continue
        try:
            rows.append(_row(f"{path}:{number}", json.loads(line)))
        except (json.JSONDecodeError, RecursionError) as e:
            rows.append(Row(f"{path}:{number}", {}, f"not JSON: {getattr(e, 'msg', 'nested too deeply')}"))
    return rows


def _row(where: str, value: Any) -> Row:
    if isinstance(value, dict):
        return Row(where, value)
    return Row(where, {}, f"expected an object, found {type(value).__name__}")


def _rows_of(path: Path, values: Iterable[Any]) -> list[Row]:
    return [_row(f"{path}: row {number}", value) for number, value in enumerate(values)]


def _loads(path: Path, text: str) -> Any:
    try:
        return json.loads(text)
    except (ValueError, RecursionError) as e:
        what = f"{e.msg} in line {e.lineno}" if isinstance(e, json.JSONDecodeError) else "nested too deeply"
        raise EvaluationError(f"{path} is not JSON: {what}", cure="download or save it again") from e


def _parquet(path: Path) -> list[Row]:
    try:
        import pyarrow as pa  # type: ignore[import-untyped]
        import pyarrow.parquet as pq  # type: ignore[import-untyped]
    except ImportError as e:
        raise MissingExtraError("reading parquet files", "eval") from e
    try:
        values = pq.read_table(path).to_pylist()
    except (pa.ArrowException, OSError) as e:
        raise EvaluationError(f"{path} cannot be read as parquet", cure="download it again") from e
    return _rows_of(path, values)
