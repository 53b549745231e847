"""The index names config.json as a file of weights."""

from __future__ import annotations

from pathlib import Path

from ._craft import INDEX, NORM, put_index, shard

EXPECT = (INDEX, "'config.json', which is not a safetensors file")


def attack(folder: Path) -> None:
    put_index(folder, {**shard(folder), NORM: "config.json"})
