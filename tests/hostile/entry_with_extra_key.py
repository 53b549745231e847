"""A key that the format does not know."""

from __future__ import annotations

from pathlib import Path

from ._craft import MODEL, NORM, change_header

EXPECT = (MODEL, NORM, "needs exactly dtype, shape and data_offsets")


def attack(folder: Path) -> None:
    change_header(folder, lambda h: h[NORM].update(strides=[1]))
