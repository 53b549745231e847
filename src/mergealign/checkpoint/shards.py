"""How tensors are laid out over the files of an output folder."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from .folder import SINGLE
from .header import TensorSpec, encode_header

__all__ = ["Shard", "lay_out"]


@dataclass(frozen=True)
class Shard:
    """One file: its header and where each tensor begins (bytes from the start of the file)."""

    file_name: str
    header: bytes
    offsets: dict[str, int]
    n_bytes: int


def lay_out(tensors: Sequence[TensorSpec], max_shard_bytes: int) -> list[Shard]:
    """Fill files in the given order up to `max_shard_bytes` of weights each; a larger tensor gets a file of its own.

    Within a file wide numbers come first, so that each tensor is aligned to its own width.
    """
    groups: list[list[TensorSpec]] = [[]]
    size = 0
    for t in tensors:
        if groups[-1] and size + t.n_bytes > max_shard_bytes:
            groups.append([])
            size = 0
        groups[-1].append(t)
        size += t.n_bytes
    shards = []
    for i, group in enumerate(groups, 1):
        name = SINGLE if len(groups) == 1 else f"model-{i:05d}-of-{len(groups):05d}.safetensors"
        group.sort(key=lambda t: -t.dtype.bits)
        header = encode_header((t.name, t.dtype, t.shape, t.n_bytes) for t in group)
        offsets: dict[str, int] = {}
        end = len(header)
        for t in group:
            offsets[t.name] = end
            end += t.n_bytes
        shards.append(Shard(name, header, offsets, end))
    return shards
