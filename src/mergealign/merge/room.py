"""Memory for what one pass has read and the next wants again: as much as there is room for; the rest is read again."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from typing import Any, TypeAlias

import numpy as np

__all__ = ["ROOM_BYTES", "Bytes", "Room"]

Bytes: TypeAlias = np.ndarray[Any, np.dtype[np.uint8]]

ROOM_BYTES = 1 << 27
"""Of a merge with rules of several passes. A model of 0.5 B parameters has all but its embeddings kept in it."""


class Room:
    """Buffers for any number of threads, used again: new memory costs as much as reading does."""

    def __init__(self, n_bytes: int = ROOM_BYTES) -> None:
        self._left = n_bytes
        self._free: dict[int, list[Bytes]] = {}
        self._lock = threading.Lock()

    def take(self, sizes: Sequence[int]) -> list[Bytes] | None:
        """A buffer of each size, with whatever it held before; None if there is no room for all of them."""
        taken: list[Bytes] = []
        with self._lock:
            for size in sizes:
                rounded = _rounded(size)
                if free := self._free.get(rounded):
                    taken.append(free.pop())
                elif rounded <= self._left:
                    self._left -= rounded
                    taken.append(np.empty(rounded, np.uint8))
                else:
                    self._give_back(taken)
                    return None
                taken[-1] = taken[-1][:size]
        return taken

    def give_back(self, buffers: Sequence[Bytes]) -> None:
        with self._lock:
            self._give_back(buffers)

    def _give_back(self, buffers: Sequence[Bytes]) -> None:
        for buffer in buffers:
            whole: Any = buffer.base
            self._free.setdefault(whole.size, []).append(whole)


def _rounded(n_bytes: int) -> int:
    """The next power of two: the last unit of a tensor is smaller than the others, and fits where they did."""
    return 1 << max(12, (n_bytes - 1).bit_length())
