"""config.json is a list."""

from __future__ import annotations

from pathlib import Path

EXPECT = ("config.json", "not a JSON object")


def attack(folder: Path) -> None:
    (folder / "config.json").write_text("[]")
