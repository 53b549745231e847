"""Tools to break a model folder: its header, its bytes, its JSON files."""

from __future__ import annotations

import json
import struct
from collections.abc import Callable
from pathlib import Path
from typing import Any

MODEL = "model.safetensors"
INDEX = "model.safetensors.index.json"
NORM = "model.norm.weight"  # BF16, shape [32], 64 bytes
HEAD = "lm_head.weight"  # BF16, shape [96, 32]


def parts(folder: Path) -> tuple[dict[str, Any], bytes]:
    """Header and data of the weights."""
    content = (folder / MODEL).read_bytes()
    (length,) = struct.unpack("<Q", content[:8])
    return json.loads(content[8 : 8 + length]), content[8 + length :]


def put(folder: Path, header: bytes | dict[str, Any], data: bytes, length: int | None = None) -> None:
    """Write weights; `length` is what the file claims of its header, by default the truth."""
    text = header if isinstance(header, bytes) else json.dumps(header).encode()
    (folder / MODEL).write_bytes(struct.pack("<Q", len(text) if length is None else length) + text + data)


def change_header(folder: Path, change: Callable[[dict[str, Any]], object]) -> None:
    """Edit the header in place and leave the data."""
    header, data = parts(folder)
    change(header)
    put(folder, header, data)


def change_text(folder: Path, old: str, new: str) -> None:
    """Edit the text of the header, for what a JSON writer would not write."""
    header, data = parts(folder)
    text = json.dumps(header)
    assert old in text
    put(folder, text.replace(old, new, 1).encode(), data)


def add_tensor(folder: Path, name: str, **entry: Any) -> None:
    """Append a tensor of two zero bytes, BF16 of shape [1] unless `entry` says otherwise."""
    header, data = parts(folder)
    header[name] = {"dtype": "BF16", "shape": [1], "data_offsets": [len(data), len(data) + 2], **entry}
    put(folder, header, data + bytes(2))


def change_json(folder: Path, name: str, **changes: Any) -> None:
    """Set keys of a JSON file."""
    file = folder / name
    content = json.loads(file.read_text()) if file.exists() else {}
    file.write_text(json.dumps({**content, **changes}))


def shard(folder: Path) -> dict[str, str]:
    """Split the weights into two files with an index; returns its weight_map."""
    header, data = parts(folder)
    header.pop("__metadata__", None)
    weight_map = {}
    names = sorted(header)
    for i, chosen in enumerate((names[::2], names[1::2]), 1):
        part, pieces, end = {}, b"", 0
        for name in chosen:
            begin, stop = header[name]["data_offsets"]
            part[name] = {**header[name], "data_offsets": [end, end + stop - begin]}
            pieces += data[begin:stop]
            end += stop - begin
        put(folder, part, pieces)
        (folder / MODEL).rename(folder / f"model-0000{i}-of-00002.safetensors")
        weight_map |= dict.fromkeys(chosen, f"model-0000{i}-of-00002.safetensors")
    put_index(folder, weight_map)
    return weight_map


def put_index(folder: Path, weight_map: Any) -> None:
    (folder / INDEX).write_text(json.dumps({"metadata": {}, "weight_map": weight_map}))


def set_number(folder: Path, name: str, bits: int) -> None:
    """Overwrite the first BF16 number of a tensor."""
    header, data = parts(folder)
    begin = header[name]["data_offsets"][0]
    put(folder, header, data[:begin] + struct.pack("<H", bits) + data[begin + 2 :])
