"""No config.json."""

from __future__ import annotations

from pathlib import Path

EXPECT = ("domain", "has no config.json")


def attack(folder: Path) -> None:
    (folder / "config.json").unlink()
