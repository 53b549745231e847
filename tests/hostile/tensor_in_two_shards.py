"""A tensor is in both files."""

from __future__ import annotations

from pathlib import Path

from ._craft import shard

EXPECT = ("model-00002-of-00002.safetensors", "is in model-00001")


def attack(folder: Path) -> None:
    shard(folder)
    (folder / "model-00002-of-00002.safetensors").write_bytes(
        (folder / "model-00001-of-00002.safetensors").read_bytes()
    )
