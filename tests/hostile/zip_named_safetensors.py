"""A zip archive, as torch.save writes it, under the name of a safetensors file."""

from __future__ import annotations

import zipfile
from pathlib import Path

from ._craft import MODEL

EXPECT = (MODEL, "zip archive")


def attack(folder: Path) -> None:
    with zipfile.ZipFile(folder / MODEL, "w") as z:
        z.writestr("archive/data.pkl", b"\x80\x02.")
