"""Not a number among the weights of the base model: everything it touches is lost."""

from __future__ import annotations

from pathlib import Path

from ._craft import MODEL, NORM, set_number

EXPECT = (MODEL, NORM, "of base holds NaN or infinity")
ROLE = "base"


def attack(folder: Path) -> None:
    set_number(folder, NORM, 0x7FC0)
