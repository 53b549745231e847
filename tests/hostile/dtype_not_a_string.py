"""A dtype that is a number."""

from __future__ import annotations

from pathlib import Path

from ._craft import MODEL, NORM, change_header

EXPECT = (MODEL, NORM, "unknown dtype")


def attack(folder: Path) -> None:
    change_header(folder, lambda h: h[NORM].update(dtype=16))
