"""The index names a file that is not there."""

from __future__ import annotations

from pathlib import Path

from ._craft import NORM, put_index, shard

EXPECT = "model-00003-of-00002.safetensors is missing"


def attack(folder: Path) -> None:
    put_index(folder, {**shard(folder), NORM: "model-00003-of-00002.safetensors"})
