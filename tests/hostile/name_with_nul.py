"""A NUL in a name: C code sees another, shorter one."""

from __future__ import annotations

from pathlib import Path

from ._craft import MODEL, add_tensor

EXPECT = (MODEL, "impossible name", "norm\\x00")


def attack(folder: Path) -> None:
    add_tensor(folder, "model.norm\0.weight")
