"""Lists nested a few hundred deep where a name belongs: showing them in a message is recursion, too."""

from __future__ import annotations

from pathlib import Path

from ._craft import HEAD, MODEL, change_header, change_text

EXPECT = (MODEL, HEAD, "unknown dtype")


def attack(folder: Path) -> None:
    change_header(folder, lambda h: h[HEAD].update(dtype="?"))
    change_text(folder, '"?"', "[" * 900 + "]" * 900)
