"""The index names a file with an escape sequence."""

from __future__ import annotations

from pathlib import Path

from ._craft import INDEX, NORM, put_index, shard

EXPECT = (INDEX, "\\x1b[2J.safetensors is missing")


def attack(folder: Path) -> None:
    put_index(folder, {**shard(folder), NORM: "\x1b[2J.safetensors"})
