"""A header beyond the 100 MB that the safetensors library reads (a sparse file: it costs no disk)."""

from __future__ import annotations

import os
from pathlib import Path

from ._craft import MODEL, put

EXPECT = (MODEL, "its header claims 100000001 bytes")


def attack(folder: Path) -> None:
    put(folder, b"{", b"", length=100_000_001)
    os.truncate(folder / MODEL, 200_000_000)
