"""Two dtypes for one tensor."""

from __future__ import annotations

from pathlib import Path

from ._craft import MODEL, change_text

EXPECT = (MODEL, "'dtype' twice")


def attack(folder: Path) -> None:
    change_text(folder, '"dtype": "BF16"', '"dtype": "F16", "dtype": "BF16"')
