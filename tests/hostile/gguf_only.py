"""Only GGUF weights."""

from __future__ import annotations

from pathlib import Path

from ._craft import MODEL

EXPECT = ("domain", "GGUF")


def attack(folder: Path) -> None:
    (folder / MODEL).rename(folder / "model-Q4_K_M.gguf")
