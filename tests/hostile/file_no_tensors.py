"""A valid file that holds nothing."""

from __future__ import annotations

from pathlib import Path

from ._craft import put

EXPECT = ("domain", "holds no tensors")


def attack(folder: Path) -> None:
    put(folder, b"{}", b"")
