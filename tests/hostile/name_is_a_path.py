"""A path as a name. Names are never used as paths; this one is simply not in the other models."""

from __future__ import annotations

from pathlib import Path

from ._craft import add_tensor

EXPECT = ("domain", "../../../etc/passwd")


def attack(folder: Path) -> None:
    add_tensor(folder, "../../../etc/passwd")
