"""Added tokens by an id that is no number."""

from __future__ import annotations

from pathlib import Path

from ._craft import change_json

EXPECT = ("tokenizer_config.json", "has the id None")
ROLE = "aligned"


def attack(folder: Path) -> None:
    change_json(folder, "tokenizer_config.json", added_tokens_decoder={"one": {"content": "x"}})
