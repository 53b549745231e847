"""A named pipe instead of config.json."""

from __future__ import annotations

import os
from pathlib import Path

EXPECT = ("config.json", "not a regular file")


def attack(folder: Path) -> None:
    (folder / "config.json").unlink()
    os.mkfifo(folder / "config.json")
