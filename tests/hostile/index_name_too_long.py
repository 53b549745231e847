"""The index names a file that no file system can hold."""

from __future__ import annotations

from pathlib import Path

from ._craft import INDEX, NORM, put_index, shard

EXPECT = (INDEX, "is missing")


def attack(folder: Path) -> None:
    put_index(folder, {**shard(folder), NORM: "x" * 5000 + ".safetensors"})
