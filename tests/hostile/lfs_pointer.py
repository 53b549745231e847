"""A clone without git-lfs: three lines of text instead of the weights."""

from __future__ import annotations

from pathlib import Path

from ._craft import MODEL

EXPECT = (MODEL, "git lfs pull")


def attack(folder: Path) -> None:
    (folder / MODEL).write_text("version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 64\n")
