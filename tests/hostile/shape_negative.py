"""Two negative dimensions whose product is right."""

from __future__ import annotations

from pathlib import Path

from ._craft import MODEL, NORM, change_header

EXPECT = (MODEL, NORM, "impossible shape")


def attack(folder: Path) -> None:
    change_header(folder, lambda h: h[NORM].update(shape=[-4, -8]))
