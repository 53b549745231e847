"""Offsets with a fraction."""

from __future__ import annotations

from pathlib import Path

from ._craft import MODEL, NORM, change_header

EXPECT = (MODEL, NORM, "impossible data_offsets")


def attack(folder: Path) -> None:
    change_header(folder, lambda h: h[NORM].update(data_offsets=[0.0, 64.0]))
