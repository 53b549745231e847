"""Two places for one tensor: which one counts is the loader's own business."""

from __future__ import annotations

from pathlib import Path

from ._craft import INDEX, NORM, shard

EXPECT = (INDEX, "'model.norm.weight' twice")


def attack(folder: Path) -> None:
    shard(folder)
    text = (folder / INDEX).read_text()
    (folder / INDEX).write_text(text.replace(f'"{NORM}"', f'"{NORM}": "model-00001-of-00002.safetensors", "{NORM}"'))
