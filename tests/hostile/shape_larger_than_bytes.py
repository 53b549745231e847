"""More numbers than bytes."""

from __future__ import annotations

from pathlib import Path

from ._craft import MODEL, NORM, change_header

EXPECT = (MODEL, NORM, "does not fit 64 bytes")


def attack(folder: Path) -> None:
    change_header(folder, lambda h: h[NORM].update(shape=[33]))
