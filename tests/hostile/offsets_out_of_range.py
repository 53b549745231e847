"""A tensor beyond the end of the file."""

from __future__ import annotations

from pathlib import Path

from ._craft import MODEL, NORM, change_header

EXPECT = (MODEL, NORM, "lies at bytes 1000000 to 1000064")


def attack(folder: Path) -> None:
    change_header(folder, lambda h: h[NORM].update(data_offsets=[1_000_000, 1_000_064]))
