"""A log-in page saved instead of the weights."""

from __future__ import annotations

from pathlib import Path

from ._craft import MODEL

EXPECT = (MODEL, "web page")


def attack(folder: Path) -> None:
    (folder / MODEL).write_text("<!DOCTYPE html><html><body>Please sign in</body></html>")
