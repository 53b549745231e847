"""The header claims to be longer than the file: a reader that believes it reads past the end."""

from __future__ import annotations

from pathlib import Path

from ._craft import MODEL, parts, put

EXPECT = (MODEL, "its header claims 1000000 bytes")


def attack(folder: Path) -> None:
    header, data = parts(folder)
    put(folder, header, data, length=1_000_000)
