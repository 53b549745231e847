"""The right number of bytes in another shape."""

from __future__ import annotations

from pathlib import Path

from ._craft import HEAD, change_header

EXPECT = (HEAD, "has shape [32, 96] in domain, [96, 32] in base")


def attack(folder: Path) -> None:
    change_header(folder, lambda h: h[HEAD].update(shape=[32, 96]))
