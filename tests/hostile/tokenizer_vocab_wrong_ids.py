"""Token ids in quotes."""

from __future__ import annotations

from pathlib import Path

from ._craft import change_json

EXPECT = ("tokenizer.json", "token 'a' has the id '0'")
ROLE = "aligned"


def attack(folder: Path) -> None:
    change_json(folder, "tokenizer.json", model={"vocab": {"a": "0"}})
