"""__metadata__ holds numbers where strings belong."""

from __future__ import annotations

from pathlib import Path

from ._craft import MODEL, change_header

EXPECT = (MODEL, "__metadata__ is not a table of strings")


def attack(folder: Path) -> None:
    change_header(folder, lambda h: h.update(__metadata__={"format": 1}))
