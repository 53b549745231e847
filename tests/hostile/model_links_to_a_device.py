"""A link to an endless device."""

from __future__ import annotations

from pathlib import Path

from ._craft import MODEL

EXPECT = (MODEL, "not a regular file")


def attack(folder: Path) -> None:
    (folder / MODEL).unlink()
    (folder / MODEL).symlink_to("/dev/zero")
