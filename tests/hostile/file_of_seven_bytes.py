"""Too short to say how long its header is."""

from __future__ import annotations

from pathlib import Path

from ._craft import MODEL

EXPECT = (MODEL, "it has 7 bytes")


def attack(folder: Path) -> None:
    (folder / MODEL).write_bytes(bytes(7))
