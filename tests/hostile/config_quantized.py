"""Quantized weights: what is stored are codes, not numbers."""

from __future__ import annotations

from pathlib import Path

from ._craft import change_json

EXPECT = ("config.json", "quantized")


def attack(folder: Path) -> None:
    change_json(folder, "config.json", quantization_config={"bits": 4})
