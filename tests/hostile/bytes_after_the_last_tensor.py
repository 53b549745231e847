"""Bytes after the last tensor: another format may begin there."""

from __future__ import annotations

from pathlib import Path

from ._craft import MODEL

EXPECT = (MODEL, "its tensors end at byte")


def attack(folder: Path) -> None:
    with (folder / MODEL).open("ab") as f:
        f.write(b"PK\x05\x06" + bytes(18))
