"""A list of chat templates without a text."""

from __future__ import annotations

from pathlib import Path

from ._craft import change_json

EXPECT = ("tokenizer_config.json", "chat_template is neither")
ROLE = "aligned"


def attack(folder: Path) -> None:
    change_json(folder, "tokenizer_config.json", chat_template=[{"name": "default"}])
