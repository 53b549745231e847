"""Offsets that wrap around in 64 bits."""

from __future__ import annotations

from pathlib import Path

from ._craft import MODEL, NORM, change_header

EXPECT = (MODEL, NORM, "lies at bytes")


def attack(folder: Path) -> None:
    change_header(folder, lambda h: h[NORM].update(data_offsets=[2**64, 2**64 + 64]))
