"""A folder where a file belongs."""

from __future__ import annotations

from pathlib import Path

from ._craft import MODEL

EXPECT = (MODEL, "is a folder")


def attack(folder: Path) -> None:
    (folder / MODEL).unlink()
    (folder / MODEL).mkdir()
