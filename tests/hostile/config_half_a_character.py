"""Half a character in config.json: it can be read, but not written again."""

from __future__ import annotations

from pathlib import Path

EXPECT = ("config.json", "not valid JSON")


def attack(folder: Path) -> None:
    (folder / "config.json").write_text('{"note": "\\ud800"}')
