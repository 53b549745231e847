"""A dtype that is a list."""

from __future__ import annotations

from pathlib import Path

from ._craft import change_json

EXPECT = ("config.json", "torch_dtype is ['bfloat16']")
ROLE = "base"


def attack(folder: Path) -> None:
    change_json(folder, "config.json", torch_dtype=["bfloat16"])
