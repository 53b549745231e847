"""The file is appended to between looking at it and reading it."""

from __future__ import annotations

from pathlib import Path

from ._craft import MODEL

EXPECT = (MODEL, "was changed after its header was read", "tensor '")
WHEN = "after planning"


def attack(folder: Path) -> None:
    with (folder / MODEL).open("ab") as f:
        f.write(bytes(64))
