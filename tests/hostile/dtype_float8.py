"""Quantized weights without their scales."""

from __future__ import annotations

from pathlib import Path

from ._craft import MODEL, NORM, change_header

EXPECT = (MODEL, NORM, "is quantized (F8_E4M3)")


def attack(folder: Path) -> None:
    change_header(folder, lambda h: h[NORM].update(dtype="F8_E4M3", shape=[64]))
