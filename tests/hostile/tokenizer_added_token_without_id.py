"""An added token without an id."""

from __future__ import annotations

from pathlib import Path

from ._craft import change_json

EXPECT = ("tokenizer.json", "token '<|end|>' has the id None")
ROLE = "aligned"


def attack(folder: Path) -> None:
    change_json(folder, "tokenizer.json", added_tokens=[{"content": "<|end|>"}])
