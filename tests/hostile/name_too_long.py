"""A name of a megabyte, which a message would repeat."""

from __future__ import annotations

from pathlib import Path

from ._craft import MODEL, add_tensor

EXPECT = (MODEL, "impossible name", "xxx'…")


def attack(folder: Path) -> None:
    add_tensor(folder, "x" * 1_000_000)
