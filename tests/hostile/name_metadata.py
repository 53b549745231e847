"""A tensor called __metadata__, the one name that is taken."""

from __future__ import annotations

from pathlib import Path

from ._craft import MODEL, add_tensor, parts, put

EXPECT = (MODEL, "__metadata__ is not a table of strings")


def attack(folder: Path) -> None:
    header, data = parts(folder)
    header.pop("__metadata__")
    put(folder, header, data)
    add_tensor(folder, "__metadata__")
