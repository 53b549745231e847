"""A symbolic link that leads to itself."""

from __future__ import annotations

from pathlib import Path

from ._craft import MODEL

EXPECT = (MODEL, "link that leads nowhere")


def attack(folder: Path) -> None:
    (folder / MODEL).unlink()
    (folder / MODEL).symlink_to(MODEL)
