"""A pipe takes the place of the file: opening it would wait forever."""

from __future__ import annotations

import os
from pathlib import Path

from ._craft import MODEL

EXPECT = (MODEL, "not a regular file")
WHEN = "after planning"


def attack(folder: Path) -> None:
    (folder / MODEL).unlink()
    os.mkfifo(folder / MODEL)
