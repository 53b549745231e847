"""The download stopped early."""

from __future__ import annotations

import os
from pathlib import Path

from ._craft import MODEL

EXPECT = (MODEL, "lies at bytes")


def attack(folder: Path) -> None:
    os.truncate(folder / MODEL, (folder / MODEL).stat().st_size - 100)
