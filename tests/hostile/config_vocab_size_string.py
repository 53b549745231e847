"""A vocabulary size in quotes: no comparison with it means anything."""

from __future__ import annotations

from pathlib import Path

from ._craft import change_json

EXPECT = ("config.json", "vocab_size is '96'")
ROLE = "base"


def attack(folder: Path) -> None:
    change_json(folder, "config.json", vocab_size="96")
