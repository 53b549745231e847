"""config.json is not UTF-8."""

from __future__ import annotations

from pathlib import Path

EXPECT = ("config.json", "not UTF-8")


def attack(folder: Path) -> None:
    (folder / "config.json").write_bytes(b'{"model_type": "\xff"}')
