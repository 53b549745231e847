"""A nested config that is a string."""

from __future__ import annotations

from pathlib import Path

from ._craft import change_json

EXPECT = ("config.json", "text_config is 'llama'")


def attack(folder: Path) -> None:
    change_json(folder, "config.json", text_config="llama")
