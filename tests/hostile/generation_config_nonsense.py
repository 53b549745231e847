"""Stop tokens in generation_config.json that are no token ids."""

from __future__ import annotations

from pathlib import Path

from ._craft import change_json

EXPECT = ("generation_config.json", "eos_token_id is {'a': 1}")
ROLE = "aligned"


def attack(folder: Path) -> None:
    change_json(folder, "generation_config.json", eos_token_id={"a": 1})
