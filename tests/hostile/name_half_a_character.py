"""Half a surrogate pair in a name: JSON can say it, UTF-8 cannot."""

from __future__ import annotations

from pathlib import Path

from ._craft import MODEL, NORM, change_text

EXPECT = (MODEL, "impossible name", "\\ud800")


def attack(folder: Path) -> None:
    change_text(folder, f'"{NORM}"', '"\\ud800"')
