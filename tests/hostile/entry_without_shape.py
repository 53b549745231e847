"""A tensor without a shape."""

from __future__ import annotations

from pathlib import Path

from ._craft import MODEL, NORM, change_header

EXPECT = (MODEL, NORM, "needs exactly")


def attack(folder: Path) -> None:
    change_header(folder, lambda h: h[NORM].pop("shape"))
