"""A negative vocabulary size."""

from __future__ import annotations

from pathlib import Path

from ._craft import change_json

EXPECT = ("config.json", "vocab_size is -1")


def attack(folder: Path) -> None:
    change_json(folder, "config.json", vocab_size=-1)
