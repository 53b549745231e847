"""A file of no bytes."""

from __future__ import annotations

from pathlib import Path

from ._craft import MODEL

EXPECT = (MODEL, "it has 0 bytes")


def attack(folder: Path) -> None:
    (folder / MODEL).write_bytes(b"")
