"""tokenizer.json was cut."""

from __future__ import annotations

from pathlib import Path

EXPECT = ("tokenizer.json", "not valid JSON")
ROLE = "aligned"


def attack(folder: Path) -> None:
    (folder / "tokenizer.json").write_text('{"model": {"vocab": {"a": 0')
