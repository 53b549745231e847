"""A tensor that does not begin at a multiple of its numbers' width: mapped into memory, undefined behavior."""

from __future__ import annotations

from pathlib import Path

from ._craft import MODEL, parts, put

EXPECT = (MODEL, "'zz'", "not at a multiple of its dtype's 2")


def attack(folder: Path) -> None:
    header, data = parts(folder)
    end = len(data)
    header["z"] = {"dtype": "U8", "shape": [1], "data_offsets": [end, end + 1]}
    header["zz"] = {"dtype": "BF16", "shape": [1], "data_offsets": [end + 1, end + 3]}
    put(folder, header, data + bytes(3))
