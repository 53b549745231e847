"""What a tensor, a file and a model are, in 32 hex digits: XXH3-128.

    tensor digest  = XXH3(XXH3(piece 0) ‖ XXH3(piece 1) ‖ …)   pieces of 1 MiB, so threads and blocks do not matter
    weights digest = XXH3 over lines "name dtype shape digest", sorted by name, so sharding does not matter

Digests tell corruption and identity; they are no signature and do not protect against tampering.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import xxhash

from .folder import open_checkpoint
from .header import Tensor, TensorSpec
from .read import TensorReader

__all__ = [
    "PIECE_BYTES",
    "PieceDigests",
    "TensorDigest",
    "bytes_digest",
    "file_digest",
    "tensor_digest",
    "weights_digest",
    "weights_digest_of_folder",
]

PIECE_BYTES = 1 << 20


@dataclass(frozen=True)
class TensorDigest(TensorSpec):
    """Identity of one tensor."""

    digest: str


class _OpenPiece:
    """A piece of which some is digested.

    Attributes:
        stop: up to here; None while a thread is at it.
        waiting: parts behind it, by where they begin.
    """

    def __init__(self) -> None:
        self.state = xxhash.xxh3_128()
        self.stop: int | None = 0
        self.waiting: dict[int, bytes] = {}


class PieceDigests:
    """The pieces of one tensor, digested in any order by any thread."""

    def __init__(self, n_bytes: int) -> None:
        self._n_bytes = n_bytes
        self._pieces = bytearray(16 * -(-n_bytes // PIECE_BYTES))
        self._open: dict[int, _OpenPiece] = {}  # pieces that come in parts
        self._lock = threading.Lock()

    def add(self, offset: int, data: memoryview) -> None:
        """Digest `data` (bytes) at `offset`. A piece of which it holds only a part is finished by the other parts."""
        piece, begin = divmod(offset, PIECE_BYTES)
        parts = []
        at = 0
        while at < len(data):
            parts.append((piece, begin, data[at : at + PIECE_BYTES - begin]))
            at += PIECE_BYTES - begin
            piece, begin = piece + 1, 0
        for piece, begin, part in reversed(parts):  # a beginning first: another thread may hold what follows it
            if len(part) == self._size(piece):
                self._set(piece, xxhash.xxh3_128_digest(part))
            else:
                self._add_part(piece, begin, part)

    def _size(self, piece: int) -> int:
        return min(PIECE_BYTES, self._n_bytes - piece * PIECE_BYTES)

    def _set(self, piece: int, digest: bytes) -> None:
        self._pieces[16 * piece : 16 * (piece + 1)] = digest

    def _add_part(self, piece: int, begin: int, part: memoryview) -> None:
        """Digest what continues what was digested; keep a copy of what comes too early."""
        with self._lock:
            opened = self._open.setdefault(piece, _OpenPiece())
            if begin != opened.stop:
                opened.waiting[begin] = bytes(part)
                return
            opened.stop = None  # of this thread alone
        following: memoryview | bytes | None = part
        stop = begin
        while following is not None:
            opened.state.update(following)
            stop += len(following)
            with self._lock:
                following = opened.waiting.pop(stop, None)
                if following is None:
                    opened.stop = stop
        if stop == self._size(piece):
            self._set(piece, opened.state.digest())
            del self._open[piece]

    def hexdigest(self) -> str:
        return xxhash.xxh3_128_hexdigest(bytes(self._pieces))


def weights_digest(tensors: Iterable[TensorDigest]) -> str:
    """The identity of a model's weights."""
    lines = sorted(json.dumps([t.name, t.dtype.name, list(t.shape), t.digest]) for t in tensors)
    return xxhash.xxh3_128_hexdigest("\n".join(lines).encode())


def bytes_digest(content: bytes) -> str:
    """The digest of the content of a small file, as one piece."""
    return xxhash.xxh3_128_hexdigest(content)


def file_digest(file: Path) -> str:
    """The digest of a small file."""
    return bytes_digest(file.read_bytes())


def tensor_digest(reader: TensorReader, tensor: Tensor, progress: Callable[[int], None] | None = None) -> TensorDigest:
    """Read one tensor and digest it."""
    pieces = PieceDigests(tensor.n_bytes)
    buffer = bytearray(min(PIECE_BYTES, tensor.n_bytes))
    for at in range(0, tensor.n_bytes, PIECE_BYTES):
        data = memoryview(buffer)[: tensor.n_bytes - at]
        reader.read(tensor, at, data)
        pieces.add(at, data)
        if progress:
            progress(len(data))
    return TensorDigest(tensor.name, tensor.dtype, tensor.shape, pieces.hexdigest())


def weights_digest_of_folder(folder: Path, *, progress: Callable[[int], None] | None = None) -> str:
    """The weights digest of a model folder. Reads all of it; `progress` is told the bytes as they pass."""
    tensors = open_checkpoint(folder).tensors.values()
    with TensorReader() as reader, ThreadPoolExecutor() as pool:
        return weights_digest(pool.map(lambda t: tensor_digest(reader, t, progress), tensors))
