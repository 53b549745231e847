"""Two tensors share bytes: what one says, the other says too."""

from __future__ import annotations

from pathlib import Path

from ._craft import MODEL, NORM, change_header

EXPECT = (MODEL, "overlaps another")


def attack(folder: Path) -> None:
    change_header(folder, lambda h: h[NORM].update(data_offsets=[0, 64]))
