"""A tensor without a name."""

from __future__ import annotations

from pathlib import Path

from ._craft import MODEL, add_tensor

EXPECT = (MODEL, "impossible name")


def attack(folder: Path) -> None:
    add_tensor(folder, "")
