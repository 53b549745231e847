"""The index leaves the folder the way Windows writes it."""

from __future__ import annotations

from pathlib import Path

from ._craft import INDEX, NORM, put_index, shard

EXPECT = (INDEX, "outside its folder")


def attack(folder: Path) -> None:
    put_index(folder, {**shard(folder), NORM: "..\\base\\model.safetensors"})
