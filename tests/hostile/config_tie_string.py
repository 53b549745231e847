"""'false' in quotes is true."""

from __future__ import annotations

from pathlib import Path

from ._craft import change_json

EXPECT = ("config.json", "tie_word_embeddings is 'false'")


def attack(folder: Path) -> None:
    change_json(folder, "config.json", tie_word_embeddings="false")
