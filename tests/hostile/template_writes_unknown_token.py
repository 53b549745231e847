"""A chat template that writes a token which the tokenizer does not have."""

from __future__ import annotations

from pathlib import Path

from ._craft import change_json

EXPECT = ("<|owned|>", "does not have")
ROLE = "aligned"


def attack(folder: Path) -> None:
    change_json(folder, "tokenizer_config.json", chat_template="<|owned|>{{ messages }}")
