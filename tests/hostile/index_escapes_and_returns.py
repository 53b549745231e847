"""The index leaves the folder and comes back: refused by its text, wherever it leads."""

from __future__ import annotations

from pathlib import Path

from ._craft import INDEX, NORM, put_index, shard

EXPECT = (INDEX, "outside its folder")


def attack(folder: Path) -> None:
    put_index(folder, {**shard(folder), NORM: f"../{folder.name}/model-00001-of-00002.safetensors"})
