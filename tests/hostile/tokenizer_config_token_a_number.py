"""A named token that is a number."""

from __future__ import annotations

from pathlib import Path

from ._craft import change_json

EXPECT = ("tokenizer_config.json", "eos_token is 1")
ROLE = "aligned"


def attack(folder: Path) -> None:
    change_json(folder, "tokenizer_config.json", eos_token=1)
