"""An added token without a text."""

from __future__ import annotations

from pathlib import Path

from ._craft import change_json

EXPECT = ("tokenizer.json", "token None has the id 7")
ROLE = "aligned"


def attack(folder: Path) -> None:
    change_json(folder, "tokenizer.json", added_tokens=[{"id": 7}])
