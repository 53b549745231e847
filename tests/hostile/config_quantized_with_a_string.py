"""A quantization_config of the wrong type."""

from __future__ import annotations

from pathlib import Path

from ._craft import change_json

EXPECT = ("config.json", "quantization_config is 'none'")


def attack(folder: Path) -> None:
    change_json(folder, "config.json", quantization_config="none")
