"""Random numbers by counting: uniform, independent between streams, the same from any start."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from mergealign.kernels._compile import kernel
from mergealign.kernels.random import fill_uniform, keep_by_chance, random_key, stream_key, uniform
from mergealign.kernels.rank import keep_by_rank

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


def test_keep_by_chance() -> None:
    values = np.arange(1, 10_001, dtype=np.float32)
    kept, part = values.copy(), values.copy()
    keep_by_chance(kept.view(np.int32), 0.25, stream_key(1, 0), 0)
    np.testing.assert_array_equal(kept, np.where(draw(stream_key(1, 0), 10_000) < 0.25, values, 0))
    keep_by_chance(part[3000:].view(np.int32), 0.25, stream_key(1, 0), 3000)
    np.testing.assert_array_equal(part[3000:], kept[3000:])


def test_keep_by_rank_does_not_depend_on_the_cut() -> None:
    values = np.random.default_rng(0).standard_normal((40, 100)).astype(np.float32)
    whole, part = values.copy(), values.copy()
    keep_by_rank(whole.reshape(-1).view(np.int32), 100, 0.2, 0.6, stream_key(1, 0), 0)
    keep_by_rank(part[15:].reshape(-1).view(np.int32), 100, 0.2, 0.6, stream_key(1, 0), 1500)
    np.testing.assert_array_equal(part[15:], whole[15:])
    assert abs((whole != 0).mean() - 0.4) < 0.05
