"""The file is removed between looking at it and reading it."""

from __future__ import annotations

from pathlib import Path

from ._craft import MODEL

EXPECT = (MODEL, "No such file")
WHEN = "after planning"


def attack(folder: Path) -> None:
    (folder / MODEL).unlink()
