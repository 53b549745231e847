"""The index leaves the folder. The file is there and valid; it is the path that is refused."""

from __future__ import annotations

from pathlib import Path

from ._craft import INDEX, NORM, put_index, shard

EXPECT = (INDEX, "outside its folder")


def attack(folder: Path) -> None:
    put_index(folder, {**shard(folder), NORM: "../base/model.safetensors"})
