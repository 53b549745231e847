"""Not a number among the weights of the domain model: everything it touches is lost."""

from __future__ import annotations

from pathlib import Path

from ._craft import MODEL, NORM, set_number

EXPECT = (MODEL, NORM, "of domain holds NaN or infinity")
ROLE = "domain"


def attack(folder: Path) -> None:
    set_number(folder, NORM, 0x7FC0)
