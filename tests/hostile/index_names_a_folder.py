"""The index names a folder."""

from __future__ import annotations

from pathlib import Path

from ._craft import NORM, put_index, shard

EXPECT = ("shard.safetensors", "is a folder")


def attack(folder: Path) -> None:
    (folder / "shard.safetensors").mkdir()
    put_index(folder, {**shard(folder), NORM: "shard.safetensors"})
