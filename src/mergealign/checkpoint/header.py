"""The header of one safetensors file: read strictly, written plainly.

A file is 8 bytes of little-endian header length, that many bytes of JSON, then the numbers of all tensors back to back:

    {"__metadata__": {"format": "pt"}, "model.norm.weight": {"dtype": "BF16", "shape": [64], "data_offsets": [0, 128]}}

Reading refuses whatever a loader might understand differently: duplicate names, gaps, overlaps, offsets outside the
file or off the width of their numbers, a shape that does not fit its bytes. Names must be printable: they end up in
messages, records and model cards.
"""

from __future__ import annotations

import json
import os
import struct
from collections.abc import Iterable
from dataclasses import dataclass, field
from math import prod
from pathlib import Path
from typing import Any

from ..errors import CheckpointError
from .dtypes import DTYPES, DType
from .files import FileStamp, duplicate, file_stamp, open_file

__all__ = ["Tensor", "TensorSpec", "encode_header", "header_bytes", "read_header"]

MAX_HEADER_BYTES = 100_000_000  # as in the safetensors library
MAX_DIMENSION = 2**48
MAX_RANK = 64  # as in numpy and torch
MAX_NAME = 1024
METADATA = "__metadata__"


@dataclass(frozen=True)
class TensorSpec:
    """What a tensor is, wherever its numbers are."""

    name: str
    dtype: DType
    shape: tuple[int, ...]

    @property
    def n_elements(self) -> int:
        return prod(self.shape)

    @property
    def n_bytes(self) -> int:
        return self.n_elements * self.dtype.bits // 8


@dataclass(frozen=True)
class Tensor(TensorSpec):
    """Where one tensor lies: `n_bytes` bytes from `offset` of `file`, which looked like `stamp` when it was checked."""

    file: Path
    offset: int
    stamp: FileStamp | None = field(default=None, compare=False)


def header_bytes(file: Path) -> bytes:
    """The first bytes of a safetensors file that is known to be sound, up to where its tensors begin."""
    with os.fdopen(open_file(file), "rb") as f:
        prefix = f.read(8)
        return prefix + f.read(struct.unpack("<Q", prefix)[0])


def read_header(file: Path) -> list[Tensor]:
    """The tensors of a safetensors file in the order of their bytes. Raises CheckpointError naming file and tensor."""
    with os.fdopen(open_file(file), "rb") as f:
        stamp = file_stamp(f.fileno())
        size = stamp[0]
        try:
            prefix = f.read(8)
            if len(prefix) < 8:
                raise _broken(file, f"it has {size} bytes, fewer than the 8 of the header's length")
            (length,) = struct.unpack("<Q", prefix)
            if length > min(size - 8, MAX_HEADER_BYTES):
                raise _foreign(file, prefix) or _broken(file, f"its header claims {length} bytes, the file has {size}")
            raw = f.read(length)
        except OSError as e:
            raise CheckpointError(f"cannot read {file}: {e.strerror}", cure="check the disk and permissions") from e
    entries = _parse(file, raw)
    start = 8 + length
    found = (_tensor(file, start, stamp, name, entry) for name, entry in entries.items())
    tensors = sorted(found, key=_position)
    end = start
    for t in tensors:
        if t.offset != end:
            raise _broken(file, f"tensor {_shown(t.name)} {'overlaps another' if t.offset < end else 'follows a gap'}")
        end = t.offset + t.n_bytes
    if end != size:
        raise _broken(file, f"its tensors end at byte {end}, the file at byte {size}")
    return tensors


def _position(t: Tensor) -> tuple[int, int]:
    return t.offset, t.n_bytes


def _broken(file: Path, why: str) -> CheckpointError:
    return CheckpointError(f"{file} is not a valid safetensors file: {why}", cure="download or save it again")


def _foreign(file: Path, prefix: bytes) -> CheckpointError | None:
    """The refusal of a file that is something else and only called safetensors, if we know what."""
    pickled = "save it as safetensors: AutoModelForCausalLM.from_pretrained(…).save_pretrained(…)"
    for magic, what, cure in (
        (b"PK\x03\x04", "a zip archive, as torch makes of pickled weights", pickled),
        (b"\x80", "a pickle, which can run code when opened and is never read", pickled),
        (b"GGUF", "GGUF", "merge the original safetensors, then convert the result"),
        (b"version ", "a pointer of git-lfs without the weights", "run: git lfs pull"),
        (b"<", "a web page, not weights", "download it again"),
    ):
        if prefix.startswith(magic):
            return CheckpointError(f"{file} is not a safetensors file but {what}", cure=cure)
    return None


def _parse(file: Path, raw: bytes) -> dict[str, Any]:
    def once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        if len(table := dict(pairs)) != len(pairs):
            raise _broken(file, f"its header names {_shown(duplicate(pairs))} twice")
        return table

    def refuse(constant: str) -> None:
        raise ValueError(f"{constant} is not JSON, whatever Python thinks")

    try:
        header = json.loads(raw.decode("utf-8"), object_pairs_hook=once, parse_constant=refuse)
    except (ValueError, RecursionError) as e:  # UnicodeDecodeError and JSONDecodeError are ValueErrors
        raise _broken(file, "its header is not JSON") from e
    if not isinstance(header, dict) or not raw.startswith(b"{"):
        raise _broken(file, "its header is not a JSON object")
    metadata = header.pop(METADATA, {})
    if not isinstance(metadata, dict) or not all(isinstance(v, str) for v in metadata.values()):
        raise _broken(file, f"its {METADATA} is not a table of strings")
    return header


def _shown(name: str) -> str:
    return repr(name) if len(name) <= 100 else f"{name[:100]!r}…"


def _tensor(file: Path, start: int, stamp: FileStamp, name: str, entry: Any) -> Tensor:
    which = f"tensor {_shown(name)}"
    if not name or len(name) > MAX_NAME or not name.isprintable():
        raise _broken(file, f"{which} has an impossible name: empty, too long or not printable")
    if not isinstance(entry, dict) or entry.keys() != {"dtype", "shape", "data_offsets"}:
        raise _broken(file, f"{which} needs exactly dtype, shape and data_offsets")
    dtype, shape, offsets = entry["dtype"], entry["shape"], entry["data_offsets"]
    if not isinstance(dtype, str) or dtype not in DTYPES:
        raise _broken(file, f"{which} has an unknown dtype{f' {_shown(dtype)}' if isinstance(dtype, str) else ''}")
    if not (isinstance(shape, list) and all(type(n) is int and 0 <= n <= MAX_DIMENSION for n in shape)):
        raise _broken(file, f"{which} has an impossible shape")
    if len(shape) > MAX_RANK:
        raise _broken(file, f"{which} has {len(shape)} dimensions, more than {MAX_RANK}")
    if not (isinstance(offsets, list) and len(offsets) == 2 and all(type(n) is int for n in offsets)):
        raise _broken(file, f"{which} has impossible data_offsets")
    begin, end = offsets
    if not 0 <= begin <= end <= stamp[0] - start:
        raise _broken(file, f"{which} lies at bytes {begin} to {end} of {stamp[0] - start}")
    tensor = Tensor(name, DTYPES[dtype], tuple(shape), file, start + begin, stamp)
    if tensor.n_elements * tensor.dtype.bits != (end - begin) * 8:
        raise _broken(file, f"{which} of shape {shape} and dtype {dtype} does not fit {end - begin} bytes")
    if tensor.dtype.n_bytes and begin % tensor.dtype.n_bytes:
        raise _broken(file, f"{which} begins at byte {begin}, not at a multiple of its dtype's {tensor.dtype.n_bytes}")
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
