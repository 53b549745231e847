"""config.json is not JSON."""

from __future__ import annotations

from pathlib import Path

EXPECT = ("config.json", "not valid JSON")


def attack(folder: Path) -> None:
    (folder / "config.json").write_text("{'model_type': 'llama'}")
