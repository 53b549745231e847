"""Two files and no index: an old and a new half, perhaps."""

from __future__ import annotations

from pathlib import Path

from ._craft import INDEX, shard

EXPECT = ("domain", "has 2 shards but no")


def attack(folder: Path) -> None:
    shard(folder)
    (folder / INDEX).unlink()
