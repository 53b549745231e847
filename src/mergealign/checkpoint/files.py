"""Opening files that others made: regular ones only, so that a pipe cannot hang us, and small ones of bounded size."""

from __future__ import annotations

import json
import os
import shutil
import stat
from pathlib import Path
from typing import Any

from ..errors import CheckpointError

__all__ = ["FileStamp", "copy_file", "file_stamp", "open_file", "read_json", "read_text"]

MAX_TEXT_BYTES = 256 << 20  # the largest tokenizers have 40 MB
MAX_NESTING = 64  # of JSON; far below what recursion over it could not bear

FileStamp = tuple[int, int, int]
"""Size, time of change and inode: differ if a file was changed or exchanged."""


def file_stamp(descriptor: int) -> FileStamp:
    now = os.fstat(descriptor)
    return now.st_size, now.st_mtime_ns, now.st_ino


def open_file(file: Path) -> int:
    """A descriptor to read a regular file from. Raises CheckpointError for anything else."""
    try:
        descriptor = os.open(file, os.O_RDONLY | os.O_NONBLOCK)
    except OSError as e:
        raise CheckpointError(f"cannot read {file}: {e.strerror}", cure="check the path and its permissions") from e
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        os.close(descriptor)
        raise CheckpointError(f"{file} is not a regular file", cure="download or save it again")
    return descriptor


def copy_file(file: Path, copy: Path) -> None:
    """Copy a regular file; links are followed. Raises CheckpointError if it cannot be read."""
    with os.fdopen(open_file(file), "rb") as source, copy.open("wb") as target:
        shutil.copyfileobj(source, target)


def read_text(file: Path) -> str:
    """The text of a small file. Raises CheckpointError."""
    descriptor = open_file(file)
    try:
        with os.fdopen(descriptor, "rb") as f:
            content = f.read(MAX_TEXT_BYTES + 1)
    except OSError as e:
        raise CheckpointError(f"cannot read {file}: {e.strerror}", cure="check the disk and permissions") from e
    if len(content) > MAX_TEXT_BYTES:
        raise CheckpointError(f"{file} is larger than {MAX_TEXT_BYTES} bytes", cure="do not trust this model")
    try:
        return content.decode("utf-8")
    except UnicodeDecodeError as e:
        raise CheckpointError(f"{file} is not UTF-8 text", cure="download or save it again") from e


def read_json(file: Path, *, unique: bool = False, walked: bool = True) -> dict[str, Any]:
    """A JSON object from a file. Raises CheckpointError.

    Args:
        unique: refuse names that occur twice in one object, which loaders may understand differently.
        walked: refuse deep nesting, since somebody will recurse over the content. Takes a while for a vocabulary.
    """
    text = read_text(file)

    def once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        if len(table := dict(pairs)) != len(pairs):
            raise CheckpointError(f"{file} names {duplicate(pairs)!r} twice", cure="download or save it again")
        return table

    try:
        content = json.loads(text, object_pairs_hook=once if unique else None)
        if "\\ud" in text.lower():  # half a character cannot be written again
            json.dumps(content, ensure_ascii=False).encode()
    except (ValueError, RecursionError) as e:
        raise CheckpointError(f"{file} is not valid JSON", cure="download or save it again") from e
    if not isinstance(content, dict):
        raise CheckpointError(f"{file} is not a JSON object", cure="download or save it again")
    if walked and _nested_too_deeply(content):
        raise CheckpointError(f"{file} is nested deeper than {MAX_NESTING} levels", cure="do not trust this model")
    return content


def duplicate(pairs: list[tuple[str, Any]]) -> str:
    """The first name that occurs a second time."""
    seen: set[str] = set()
    return next(name for name, _ in pairs if name in seen or seen.add(name))  # type: ignore[func-returns-value]


def _nested_too_deeply(content: Any) -> bool:
    level = [content]
    for _ in range(MAX_NESTING):
        level = [
            value
            for container in level
            for value in (container.values() if isinstance(container, dict) else container)
            if isinstance(value, (dict, list))
        ]
        if not level:
            return False
    return True
