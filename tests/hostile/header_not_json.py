"""The header is no JSON."""

from __future__ import annotations

from pathlib import Path

from ._craft import MODEL, put

EXPECT = (MODEL, "not JSON")


def attack(folder: Path) -> None:
    put(folder, b"these are not the tensors you are looking for", bytes(8))
