"""Only pickled weights, which can run code when opened."""

from __future__ import annotations

from pathlib import Path

from ._craft import MODEL

EXPECT = ("domain", "pickled weights", "save_pretrained")


def attack(folder: Path) -> None:
    (folder / MODEL).rename(folder / "pytorch_model.bin")
