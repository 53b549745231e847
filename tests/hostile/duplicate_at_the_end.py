"""100 000 names of which the last is a duplicate: a quadratic search takes minutes."""

from __future__ import annotations

from pathlib import Path

from ._craft import MODEL, put

EXPECT = (MODEL, "'n0' twice")


def attack(folder: Path) -> None:
    names = ", ".join(f'"n{i}": 0' for i in range(100_000))
    put(folder, f'{{{names}, "n0": 0}}'.encode(), b"")
