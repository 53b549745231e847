"""A line break in a name: a message could be made to say anything."""

from __future__ import annotations

from pathlib import Path

from ._craft import MODEL, add_tensor

EXPECT = (MODEL, "impossible name", "x\\nerror: all is well")


def attack(folder: Path) -> None:
    add_tensor(folder, "x\nerror: all is well")
