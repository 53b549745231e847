"""Random numbers by counting: the number at an index is a function of key and index alone.

Threads, blocks and shards therefore do not matter. The generator is SplitMix64 (Steele, Lea and Flood, "Fast splittable
pseudorandom number generators", OOPSLA 2014) with key + counter · γ as its state; each of its numbers serves two
indices. In vector code one of them takes 0.1 ns.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import xxhash

from ._compile import inlined, kernel

__all__ = ["fill_uniform", "random_key", "stays_by_chance", "stream_key", "uniform"]

_GAMMA = np.uint64(0x9E37_79B9_7F4A_7C15)
_FIRST_FACTOR = np.uint64(0xBF58_476D_1CE4_E5B9)
_SECOND_FACTOR = np.uint64(0x94D0_49BB_1331_11EB)
_UNIT = np.float32(2.0**-24)
_STRIP = 2048


def random_key(seed: int, name: str, stream: int = 0) -> int:
    """The key of one stream of one tensor: odd, 64 bits."""
    return xxhash.xxh3_64_intdigest(f"{seed} {stream} {name}".encode()) | 1


def stream_key(key: int, stream: int) -> Any:
    """The key, uint64, of one of the streams of a tensor that has a key of its own, as for each of its inputs."""
    return np.uint64(random_key(key, "", stream))


@inlined
def _mixed(key: Any, counter: Any) -> Any:
    """64 random bits; all uint64."""
    return _scrambled(key + counter * _GAMMA)


@inlined
def _scrambled(x: Any) -> Any:
    x = (x ^ (x >> np.uint64(30))) * _FIRST_FACTOR
    x = (x ^ (x >> np.uint64(27))) * _SECOND_FACTOR
    return x ^ (x >> np.uint64(31))


@inlined
def uniform(key: Any, index: Any) -> Any:
    """The float32 in [0, 1) at `index` of the stream of `key` (both uint64): 24 random bits."""
    pair = _mixed(key, index >> np.uint64(1))
    half = (pair >> ((index & np.uint64(1)) << np.uint64(5))) & np.uint64(0xFFFF_FFFF)
    return np.float32(np.int32(half >> np.uint64(8))) * _UNIT


@inlined
def fill_uniform(key: Any, start: int, out: Any, pairs: Any) -> None:
    """out[i] = uniform(key, start + i), three times as fast as one by one.

    `pairs` is room for uint64 [out.size // 2 + 1]. It is read as halves, the lower first, as all platforms of numba do.
    """
    first, odd = np.uint64(start // 2), start % 2
    for i in range((out.size + odd + 1) // 2):
        pairs[i] = _mixed(key, first + np.uint64(i))
    halves = pairs.view(np.uint32)
    for i in range(out.size):
        out[i] = np.float32(np.int32(halves[i + odd] >> np.uint32(8))) * _UNIT


@kernel
def stays_by_chance(probability: float, key: Any, start: int, stays: Any) -> None:
    """stays[i] = whether the number at start + i of the stream of `key` is below `probability`, uint8 [n]."""
    limit = np.int32(np.ceil(np.float64(np.float32(probability)) / np.float64(_UNIT)))  # of 24 random bits
    steps, pairs = np.empty(_STRIP // 2 + 1, np.uint64), np.empty(_STRIP // 2 + 1, np.uint64)
    for i in range(steps.size):
        steps[i] = np.uint64(i) * _GAMMA
    halves = pairs.view(np.uint32)
    for at in range(0, stays.size, _STRIP):
        strip = stays[at : at + _STRIP]
        first, odd = np.uint64((start + at) // 2), (start + at) % 2
        state = key + first * _GAMMA
        for i in range((strip.size + odd + 1) // 2):
            pairs[i] = _scrambled(state + steps[i])
        drawn = halves[odd : odd + strip.size]
        for i in range(strip.size):
            strip[i] = np.int32(drawn[i] >> np.uint32(8)) < limit
