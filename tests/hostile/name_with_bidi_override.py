"""A right-to-left override in a name: what is read is not what is there."""

from __future__ import annotations

from pathlib import Path

from ._craft import MODEL, add_tensor

EXPECT = (MODEL, "impossible name", "\\u202e")


def attack(folder: Path) -> None:
    add_tensor(folder, "model.\u202eneddih.weight")
