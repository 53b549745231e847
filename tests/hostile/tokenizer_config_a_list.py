"""tokenizer_config.json is a list."""

from __future__ import annotations

from pathlib import Path

EXPECT = ("tokenizer_config.json", "not a JSON object")
ROLE = "aligned"


def attack(folder: Path) -> None:
    (folder / "tokenizer_config.json").write_text("[]")
