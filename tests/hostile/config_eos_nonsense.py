"""Stop tokens that are no token ids."""

from __future__ import annotations

from pathlib import Path

from ._craft import change_json

EXPECT = ("config.json", "eos_token_id is ['</s>', None]")
ROLE = "aligned"


def attack(folder: Path) -> None:
    change_json(folder, "config.json", eos_token_id=["</s>", None])
