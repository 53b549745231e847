"""An escape sequence in a name, which would clear the screen or retitle the terminal."""

from __future__ import annotations

from pathlib import Path

from ._craft import MODEL, add_tensor

EXPECT = (MODEL, "impossible name", "\\x1b[2J")


def attack(folder: Path) -> None:
    add_tensor(folder, "\x1b[2J\x1b]0;owned\x07")
