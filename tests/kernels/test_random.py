"""Random numbers by counting: uniform, independent between streams, the same from any start."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from mergealign.kernels._compile import kernel
from mergealign.kernels.random import fill_uniform, random_key, stays_by_chance, stream_key, uniform
from mergealign.kernels.rank import stays_by_rank

N = 1 << 20


@kernel
def _draw(key: Any, start: Any, out: Any) -> None:
    for i in range(out.size):
        out[i] = uniform(key, start + np.uint64(i))


@kernel
def _fill(key: Any, start: int, out: Any) -> None:
    fill_uniform(key, start, out, np.empty(out.size // 2 + 1, np.uint64))


def draw(key: Any, n: int = N, start: int = 0) -> Any:
    out = np.empty(n, np.float32)
    _draw(key, np.uint64(start), out)
    return out


@pytest.mark.parametrize(
    "key", [random_key(0, "a"), random_key(1, "model.layers.0"), stream_key(1, 0), stream_key(1, 5)]
)
def test_uniform(key: int) -> None:
    drawn = draw(np.uint64(key)).astype(float)
    assert drawn.min() >= 0
    assert drawn.max() < 1
    counts = np.histogram(drawn, 256, (0, 1))[0]
    assert ((counts - N / 256) ** 2 / (N / 256)).sum() < 255 + 6 * np.sqrt(2 * 255)  # χ²
    for lag in (1, 2, 16, 4096):
        assert abs(np.corrcoef(drawn[:-lag], drawn[lag:])[0, 1]) < 6 / np.sqrt(N)


def test_streams_are_independent() -> None:
    streams = [draw(stream_key(1, k)) for k in range(3)] + [draw(stream_key(2, k)) for k in range(2)]
    correlation = np.corrcoef(streams)
    assert np.abs(correlation - np.eye(5)).max() < 6 / np.sqrt(N)


def test_numbers_do_not_depend_on_the_start() -> None:
    key = stream_key(3, 1)
    far = 5 << 32  # beyond 32 bits
    np.testing.assert_array_equal(draw(key, 100, far)[40:], draw(key, 60, far + 40))
    assert not np.array_equal(draw(key, 100, far), draw(key, 100))


@pytest.mark.parametrize("start", [0, 1, 6, (5 << 32) + 3])
@pytest.mark.parametrize("n", [0, 1, 2, 1001])
def test_many_are_the_same_as_one_by_one(start: int, n: int) -> None:
    out = np.empty(n, np.float32)
    _fill(stream_key(1, 0), start, out)
    np.testing.assert_array_equal(out, draw(stream_key(1, 0), n, start))


def test_the_generator_is_splitmix64() -> None:
    """Its published numbers for the seed 1234567: state by state, the first after one step."""
    published = [6457827717110365317, 3203168211198807973, 9817491932198370423, 4593380528125082431]
    halves = [half >> 8 for number in published for half in (number & 0xFFFF_FFFF, number >> 32)]
    np.testing.assert_array_equal(draw(np.uint64(1234567), 8, 2) * 2**24, halves)


@pytest.mark.parametrize("probability", [0.25, 0.3, 1e-3, 1 - 1e-7])
@pytest.mark.parametrize("start", [0, 3001])
def test_stays_by_chance(probability: float, start: int) -> None:
    stays = np.empty(10_000, np.uint8)
    stays_by_chance(probability, stream_key(1, 0), start, stays)
    np.testing.assert_array_equal(stays, draw(stream_key(1, 0), 10_000, start) < np.float32(probability))


def test_stays_by_rank_does_not_depend_on_the_cut() -> None:
    base, tuned = np.random.default_rng(0).standard_normal((2, 40, 100)).astype(np.float32)
    whole, part = np.empty(4000, np.uint8), np.empty(2500, np.uint8)
    stays_by_rank(base.reshape(-1), tuned.reshape(-1), 100, 0.2, 0.6, stream_key(1, 0), 0, whole)
    stays_by_rank(base[15:].reshape(-1), tuned[15:].reshape(-1), 100, 0.2, 0.6, stream_key(1, 0), 1500, part)
    np.testing.assert_array_equal(part, whole[1500:])
    assert abs(whole.mean() - 0.4) < 0.05
