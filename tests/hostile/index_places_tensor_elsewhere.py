"""The index places a tensor in the other file."""

from __future__ import annotations

from pathlib import Path

from ._craft import NORM, put_index, shard

EXPECT = ("model-0000", "does not place there")


def attack(folder: Path) -> None:
    weight_map = shard(folder)
    other = {"1": "2", "2": "1"}[weight_map[NORM][10]]
    put_index(folder, {**weight_map, NORM: f"model-0000{other}-of-00002.safetensors"})
