"""Another file of the same size takes the place of the one that was checked."""

from __future__ import annotations

from pathlib import Path

from ._craft import MODEL

EXPECT = (MODEL, "was changed after its header was read", "tensor '")
WHEN = "after planning"


def attack(folder: Path) -> None:
    other = folder / "other"
    other.write_bytes(bytes((folder / MODEL).stat().st_size))
    other.replace(folder / MODEL)
