"""The bytes of floats declared as integers: averaging them as numbers would be nonsense."""

from __future__ import annotations

from pathlib import Path

from ._craft import NORM, change_header

EXPECT = (NORM, "int16 in domain, bfloat16 in base")


def attack(folder: Path) -> None:
    change_header(folder, lambda h: h[NORM].update(dtype="I16"))
