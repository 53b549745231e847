"""An infinity among the weights of the base model."""

from __future__ import annotations

from pathlib import Path

from ._craft import HEAD, MODEL, set_number

EXPECT = (MODEL, HEAD, "of base holds NaN or infinity")
ROLE = "base"


def attack(folder: Path) -> None:
    set_number(folder, HEAD, 0xFF80)
