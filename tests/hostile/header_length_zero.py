"""A header of no bytes."""

from __future__ import annotations

from pathlib import Path

from ._craft import MODEL, parts, put

EXPECT = (MODEL, "not JSON")


def attack(folder: Path) -> None:
    header, data = parts(folder)
    put(folder, header, data, length=0)
