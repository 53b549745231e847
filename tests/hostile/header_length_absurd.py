"""A header of 2^63 bytes: a reader that allocates first dies of it."""

from __future__ import annotations

from pathlib import Path

from ._craft import MODEL, parts, put

EXPECT = (MODEL, "its header claims 9223372036854775808 bytes")


def attack(folder: Path) -> None:
    header, data = parts(folder)
    put(folder, header, data, length=2**63)
