"""Lists nested a few hundred deep where a name belongs: showing them in a message is recursion, too."""

from __future__ import annotations

from pathlib import Path

from ._craft import MODEL, NORM, change_text

EXPECT = (MODEL, NORM, "unknown dtype")


def attack(folder: Path) -> None:
    change_text(folder, '"dtype": "BF16"', '"dtype": ' + "[" * 900 + "]" * 900)
