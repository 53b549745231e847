"""Bytes between two tensors that belong to none: room for another file."""

from __future__ import annotations

from pathlib import Path

from ._craft import MODEL, parts, put

EXPECT = (MODEL, "follows a gap")


def attack(folder: Path) -> None:
    header, data = parts(folder)
    last = max(header, key=lambda n: header[n].get("data_offsets", [0])[0])
    header[last]["data_offsets"] = [n + 16 for n in header[last]["data_offsets"]]
    put(folder, header, data + bytes(16))
