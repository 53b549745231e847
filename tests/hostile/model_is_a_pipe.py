"""A named pipe: opening it waits forever for a writer."""

from __future__ import annotations

import os
from pathlib import Path

from ._craft import MODEL

EXPECT = (MODEL, "not a regular file")


def attack(folder: Path) -> None:
    (folder / MODEL).unlink()
    os.mkfifo(folder / MODEL)
