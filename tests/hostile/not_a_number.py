"""NaN, which Python's reader takes for JSON."""

from __future__ import annotations

from pathlib import Path

from ._craft import MODEL, change_text

EXPECT = (MODEL, "not JSON")


def attack(folder: Path) -> None:
    change_text(folder, '"shape": [32]', '"shape": [NaN]')
