"""A tensor is in a file and not in the index: some loaders skip it."""

from __future__ import annotations

from pathlib import Path

from ._craft import NORM, put_index, shard

EXPECT = (NORM, "does not place there")


def attack(folder: Path) -> None:
    weight_map = shard(folder)
    del weight_map[NORM]
    put_index(folder, weight_map)
