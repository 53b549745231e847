"""The index maps nothing."""

from __future__ import annotations

from pathlib import Path

from ._craft import INDEX, put_index, shard

EXPECT = (INDEX, "has no weight_map")


def attack(folder: Path) -> None:
    shard(folder)
    put_index(folder, {})
