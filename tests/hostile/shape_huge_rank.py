"""A tensor of 100 000 dimensions."""

from __future__ import annotations

from pathlib import Path

from ._craft import MODEL, NORM, change_header

EXPECT = (MODEL, NORM, "has 100001 dimensions")


def attack(folder: Path) -> None:
    change_header(folder, lambda h: h[NORM].update(shape=[1] * 100_000 + [32]))
