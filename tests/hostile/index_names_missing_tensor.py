"""The index names a tensor that its file does not hold."""

from __future__ import annotations

from pathlib import Path

from ._craft import INDEX, put_index, shard

EXPECT = (INDEX, "'ghost', which is not in model-00001")


def attack(folder: Path) -> None:
    put_index(folder, {**shard(folder), "ghost": "model-00001-of-00002.safetensors"})
