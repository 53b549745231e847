"""An infinity among the weights of the aligned model."""

from __future__ import annotations

from pathlib import Path

from ._craft import HEAD, MODEL, set_number

EXPECT = (MODEL, HEAD, "of aligned holds NaN or infinity")
ROLE = "aligned"


def attack(folder: Path) -> None:
    set_number(folder, HEAD, 0xFF80)
