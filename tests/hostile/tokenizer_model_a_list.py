"""A tokenizer model that is a list."""

from __future__ import annotations

from pathlib import Path

from ._craft import change_json

EXPECT = ("tokenizer.json", "no vocabulary")
ROLE = "aligned"


def attack(folder: Path) -> None:
    change_json(folder, "tokenizer.json", model=[1, 2])
