"""The index is not JSON."""

from __future__ import annotations

from pathlib import Path

from ._craft import INDEX, shard

EXPECT = (INDEX, "not valid JSON")


def attack(folder: Path) -> None:
    shard(folder)
    (folder / INDEX).write_text("weight_map:")
