"""A header of 100 000 brackets: a recursive reader overflows its stack."""

from __future__ import annotations

from pathlib import Path

from ._craft import MODEL, put

EXPECT = (MODEL, "not JSON")


def attack(folder: Path) -> None:
    put(folder, b'{"a":' + b"[" * 100_000 + b"]" * 100_000 + b"}", b"")
