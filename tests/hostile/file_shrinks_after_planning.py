"""The file is cut between looking at it and reading it."""

from __future__ import annotations

import os
from pathlib import Path

from ._craft import MODEL

EXPECT = (MODEL, "was changed after its header was read", "tensor '")
WHEN = "after planning"


def attack(folder: Path) -> None:
    os.truncate(folder / MODEL, (folder / MODEL).stat().st_size // 2)
