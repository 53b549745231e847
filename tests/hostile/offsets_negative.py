"""Offsets before the data begin, that is, inside the header."""

from __future__ import annotations

from pathlib import Path

from ._craft import MODEL, NORM, change_header

EXPECT = (MODEL, NORM, "lies at bytes -64 to 0")


def attack(folder: Path) -> None:
    change_header(folder, lambda h: h[NORM].update(data_offsets=[-64, 0]))
