"""GGUF under the name of a safetensors file."""

from __future__ import annotations

from pathlib import Path

from ._craft import MODEL

EXPECT = (MODEL, "GGUF")


def attack(folder: Path) -> None:
    (folder / MODEL).write_bytes(b"GGUF" + bytes([3, 0, 0, 0]) + bytes(100))
