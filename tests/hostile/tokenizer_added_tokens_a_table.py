"""Added tokens that are no list."""

from __future__ import annotations

from pathlib import Path

from ._craft import change_json

EXPECT = ("tokenizer.json", "added_tokens are not a list")
ROLE = "aligned"


def attack(folder: Path) -> None:
    change_json(folder, "tokenizer.json", added_tokens={"a": 1})
