"""The header of one safetensors file: read strictly, written plainly.

A file is 8 bytes of little-endian header length, that many bytes of JSON, then the numbers of all tensors back to back:

    {"__metadata__": {"format": "pt"}, "model.norm.weight": {"dtype": "BF16", "shape": [64], "data_offsets": [0, 128]}}

Reading refuses whatever a loader might understand differently: duplicate names, gaps, overlaps, offsets outside the
file, a shape that does not fit its bytes.
"""

from __future__ import annotations

import json
import struct
from collections.abc import Iterable
from dataclasses import dataclass
from math import prod
from pathlib import Path
from typing import Any

from ..errors import CheckpointError
from .dtypes import DTYPES, DType

__all__ = ["Tensor", "encode_header", "read_header"]

MAX_HEADER_BYTES = 100_000_000  # as in the safetensors library
MAX_DIMENSION = 2**48
METADATA = "__metadata__"


@dataclass(frozen=True)
class Tensor:
    """Where one tensor lies: `n_bytes` bytes from `offset` of `file`."""

    name: str
    dtype: DType
    shape: tuple[int, ...]
    file: Path
    offset: int

    @property
    def n_elements(self) -> int:
        return prod(self.shape)

    @property
    def n_bytes(self) -> int:
        return self.n_elements * self.dtype.bits // 8


def read_header(file: Path) -> list[Tensor]:
    """The tensors of a safetensors file in the order of their bytes. Raises CheckpointError naming file and tensor."""
    try:
        with file.open("rb") as f:
            size = f.seek(0, 2)
            f.seek(0)
            if size < 8:
                raise _broken(file, f"it has {size} bytes, fewer than the 8 of the header's length")
            (length,) = struct.unpack("<Q", f.read(8))
            if length > min(size - 8, MAX_HEADER_BYTES):
                raise _broken(file, f"its header claims {length} bytes, the file has {size}")
            raw = f.read(length)
    except OSError as e:
        raise CheckpointError(f"cannot read {file}: {e.strerror}", cure="check the path and its permissions") from e
    entries = _parse(file, raw)
    start = 8 + length
    tensors = sorted((_tensor(file, start, size, name, entry) for name, entry in entries.items()), key=_position)
    end = start
    for t in tensors:
        if t.offset != end:
            raise _broken(file, f"tensor '{t.name}' {'overlaps another' if t.offset < end else 'follows a gap'}")
        end = t.offset + t.n_bytes
    if end != size:
        raise _broken(file, f"its tensors end at byte {end}, the file at byte {size}")
    return tensors


def _position(t: Tensor) -> tuple[int, int]:
    return t.offset, t.n_bytes


def _broken(file: Path, why: str) -> CheckpointError:
    return CheckpointError(f"{file} is not a valid safetensors file: {why}", cure="download or save it again")


def _parse(file: Path, raw: bytes) -> dict[str, Any]:
    def once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        seen = dict(pairs)
        if len(seen) != len(pairs):
            names = [k for k, _ in pairs]
            raise _broken(file, f"its header names '{next(n for n in names if names.count(n) > 1)}' twice")
        return seen

    try:
        header = json.loads(raw.decode("utf-8"), object_pairs_hook=once, parse_constant=str)
    except (ValueError, RecursionError) as e:  # UnicodeDecodeError and JSONDecodeError are ValueErrors
        raise _broken(file, "its header is not JSON") from e
    if not isinstance(header, dict):
        raise _broken(file, "its header is not a JSON object")
    metadata = header.pop(METADATA, {})
    if not isinstance(metadata, dict) or not all(isinstance(v, str) for v in metadata.values()):
        raise _broken(file, f"its {METADATA} is not a table of strings")
    return header


def _tensor(file: Path, start: int, size: int, name: str, entry: Any) -> Tensor:
    if not isinstance(entry, dict) or entry.keys() != {"dtype", "shape", "data_offsets"}:
        raise _broken(file, f"tensor '{name}' needs exactly dtype, shape and data_offsets")
    shape, offsets = entry["shape"], entry["data_offsets"]
    if not isinstance(entry["dtype"], str) or entry["dtype"] not in DTYPES:
        raise _broken(file, f"tensor '{name}' has the unknown dtype {str(entry['dtype'])[:40]!r}")
    if not (isinstance(shape, list) and all(type(n) is int and 0 <= n <= MAX_DIMENSION for n in shape)):
        raise _broken(file, f"tensor '{name}' has an impossible shape")
    if not (isinstance(offsets, list) and len(offsets) == 2 and all(type(n) is int for n in offsets)):
        raise _broken(file, f"tensor '{name}' has impossible data_offsets")
    begin, end = offsets
    if not 0 <= begin <= end <= size - start:
        raise _broken(file, f"tensor '{name}' lies at bytes {begin} to {end} of {size - start}")
    tensor = Tensor(name, DTYPES[entry["dtype"]], tuple(shape), file, start + begin)
    if tensor.n_elements * tensor.dtype.bits != (end - begin) * 8:
        raise _broken(
            file, f"tensor '{name}' of shape {shape} and dtype {entry['dtype']} does not fit {end - begin} bytes"
        )
    return tensor


def encode_header(tensors: Iterable[tuple[str, DType, tuple[int, ...], int]]) -> bytes:
    """The first bytes, a multiple of 8, of a file that holds (name, dtype, shape, n_bytes) back to back."""
    header: dict[str, Any] = {METADATA: {"format": "pt"}}
    end = 0
    for name, dtype, shape, n_bytes in tensors:
        header[name] = {"dtype": dtype.name, "shape": list(shape), "data_offsets": [end, end + n_bytes]}
        end += n_bytes
    text = json.dumps(header, separators=(",", ":"), ensure_ascii=False).encode()
    text += b" " * (-len(text) % 8)
    return struct.pack("<Q", len(text)) + text
