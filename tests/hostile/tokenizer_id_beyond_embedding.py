"""A token whose row the embedding does not have."""

from __future__ import annotations

from pathlib import Path

from ._craft import change_json

EXPECT = ("ids up to 96", "96 rows")
ROLE = "aligned"


def attack(folder: Path) -> None:
    change_json(folder, "tokenizer.json", added_tokens=[{"id": 96, "content": "<|end|>"}, {"id": 1, "content": "</s>"}])
