"""One name, two tensors: which one a loader takes is its own business."""

from __future__ import annotations

from pathlib import Path

from ._craft import HEAD, MODEL, NORM, change_text

EXPECT = (MODEL, "'lm_head.weight' twice")


def attack(folder: Path) -> None:
    change_text(folder, f'"{NORM}"', f'"{HEAD}"')
