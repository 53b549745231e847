"""A token role that is a regular expression which takes forever."""

from __future__ import annotations

from pathlib import Path

from ._craft import change_json

EXPECT = ("tokenizer_config.json", "_token is 7")
ROLE = "aligned"


def attack(folder: Path) -> None:
    slow = {"(a+)+$_token": "x", "zz_token": 7}
    change_json(folder, "tokenizer_config.json", chat_template="a" * 5000 + "!", **slow)
