"""config.json nested so deep that it can be read but not walked through."""

from __future__ import annotations

from pathlib import Path

EXPECT = ("config.json", "nested deeper than 64 levels")


def attack(folder: Path) -> None:
    (folder / "config.json").write_text('{"a":' * 200 + "1" + "}" * 200)
