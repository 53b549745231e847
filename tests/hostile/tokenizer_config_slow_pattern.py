"""A token role that, taken for a regular expression, takes years to not match."""

from __future__ import annotations

from pathlib import Path

from ._craft import change_json

EXPECT = ("<|owned|>", "does not have")
ROLE = "aligned"


def attack(folder: Path) -> None:
    slow = {"(a+)+$_token": "</s>"}
    change_json(folder, "tokenizer_config.json", chat_template="a" * 60 + "! <|owned|>", **slow)
