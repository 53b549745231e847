"""config.json nested 100 000 deep."""

from __future__ import annotations

from pathlib import Path

EXPECT = ("config.json", "not valid JSON")


def attack(folder: Path) -> None:
    (folder / "config.json").write_text('{"a":' * 100_000 + "1" + "}" * 100_000)
