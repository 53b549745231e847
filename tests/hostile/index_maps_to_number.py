"""The index maps a tensor to a number."""

from __future__ import annotations

from pathlib import Path

from ._craft import INDEX, NORM, put_index, shard

EXPECT = (INDEX, "has no weight_map from tensors to files")


def attack(folder: Path) -> None:
    put_index(folder, {**shard(folder), NORM: 7})
