"""A named pipe instead of the folder of templates."""

from __future__ import annotations

import os
from pathlib import Path

EXPECT = ("additional_chat_templates", "not a folder")
ROLE = "aligned"


def attack(folder: Path) -> None:
    os.mkfifo(folder / "additional_chat_templates")
