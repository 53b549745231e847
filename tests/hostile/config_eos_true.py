"""A stop token that is true, which Python takes for 1."""

from __future__ import annotations

from pathlib import Path

from ._craft import change_json

EXPECT = ("config.json", "eos_token_id is True")
ROLE = "aligned"


def attack(folder: Path) -> None:
    change_json(folder, "config.json", eos_token_id=True)
