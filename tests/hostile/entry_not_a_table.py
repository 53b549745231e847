"""A tensor described by a string."""

from __future__ import annotations

from pathlib import Path

from ._craft import MODEL, NORM, change_header

EXPECT = (MODEL, NORM, "needs exactly")


def attack(folder: Path) -> None:
    change_header(folder, lambda h: h.update({NORM: "F32"}))
