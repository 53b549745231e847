"""The header is a list."""

from __future__ import annotations

from pathlib import Path

from ._craft import MODEL, put

EXPECT = (MODEL, "not a JSON object")


def attack(folder: Path) -> None:
    put(folder, b"[1, 2, 3]", b"")
