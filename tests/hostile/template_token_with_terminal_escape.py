"""A stop token whose text is an escape sequence, which a message would repeat."""

from __future__ import annotations

from pathlib import Path

from ._craft import change_json

EXPECT = "\\x1b[2J"
ROLE = "aligned"


def attack(folder: Path) -> None:
    change_json(folder, "tokenizer.json", added_tokens=[{"id": 1, "content": "</s>"}, {"id": 3, "content": "\x1b[2J"}])
