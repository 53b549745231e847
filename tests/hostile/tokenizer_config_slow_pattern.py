"""A token role that, taken for a regular expression, takes years to not match."""

from __future__ import annotations

from pathlib import Path

from ._craft import change_json

EXPECT = ("<|gone|>", "does not have")
ROLE = "aligned"


def attack(folder: Path) -> None:
    roles = {"(a+)+$_token": "</s>", "eos_token": "<|gone|>"}
    change_json(folder, "tokenizer_config.json", chat_template="a" * 60 + "! {{ eos_token }}", **roles)
