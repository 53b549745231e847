"""Random numbers by counting: the number at an index is a function of key and index alone.

Threads, blocks and shards therefore do not matter. The generator is "squares" with four rounds (Widynski,
arXiv 2004.06278): the counter times the key is squared, its halves exchanged, four times over.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import xxhash
from numba.extending import register_jitable

from ._compile import kernel

__all__ = ["keep_by_chance", "random_key", "stream_key", "uniform"]


def random_key(seed: int, name: str, stream: int = 0) -> int:
    """The key of one stream of one tensor: odd, 64 bits."""
    return xxhash.xxh3_64_intdigest(f"{seed} {stream} {name}".encode()) | 1


def stream_key(key: int, stream: int) -> Any:
    """The key, uint64, of one of the streams of a tensor that has a key of its own, as for each of its inputs."""
    return np.uint64(random_key(key, "", stream))


@register_jitable
def uniform(key: Any, index: Any) -> Any:
    """The float32 in [0, 1) at `index` of the stream of `key` (both uint64): 24 random bits."""
    x = np.uint64(index) * key
    y = x
    z = y + key
    x = x * x + y
    x = (x >> np.uint64(32)) | (x << np.uint64(32))
    x = x * x + z
    x = (x >> np.uint64(32)) | (x << np.uint64(32))
    x = x * x + y
    x = (x >> np.uint64(32)) | (x << np.uint64(32))
    x = (x * x + z) >> np.uint64(40)
    return np.float32(x) * np.float32(2.0**-24)


@kernel
def keep_by_chance(bits: Any, probability: float, key: Any, start: int) -> None:
    """Set to zero all elements but those whose number, at start + i of the stream of `key`, is below `probability`.

    `bits` are float32 numbers seen as int32.
    """
    first = np.uint64(start)
    for i in range(bits.size):
        bits[i] = bits[i] if uniform(key, first + np.uint64(i)) < probability else np.int32(0)
