"""Loops that choose element by element: the compiled ones against their plain Python, on all formats."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from mergealign.kernels.choose import choose_where_important, count_importance_bins, count_importance_within
from mergealign.kernels.codecs import decode
from mergealign.kernels.magnitude import BIN_SIZE, N_BINS, count_bins, count_within
from mergealign.kernels.nearswap import move_at_most, move_at_most_narrow
from mergealign.kernels.overlap import count_overlaps, merge_overlaps
from mergealign.kernels.thinned import add_thinned

from .test_differences import stored

FORMS = pytest.mark.parametrize("form", ["bf16", "f16", "f32", "f64"])


def models(form: str, n: int) -> list[Any]:
    return [stored(form, v) for v in np.random.default_rng(0).standard_normal((n, 300))]


def check(kernel: Any, *given: Any) -> Any:
    """Run both on an output like the first input."""
    compiled, plain = np.zeros_like(given[0]), np.zeros_like(given[0])
    with np.errstate(over="ignore"):
        assert kernel(*given, compiled) == kernel.py_func(*given, plain)
    np.testing.assert_array_equal(compiled, plain)
    return compiled


@FORMS
def test_move_at_most(form: str) -> None:
    start, goal = models(form, 2)
    moved = check(move_at_most, start, goal, 0.5)
    assert 0.1 < np.mean(moved == goal) < 0.6


@pytest.mark.parametrize("most", [0.0, 1e-9, 0.001, 0.5, 2.0**-9, 1e30, 1e300])
@pytest.mark.parametrize("plain", [False, True])
def test_a_move_in_float32_gives_the_same_bits(most: float, plain: bool) -> None:
    """For numbers of all sizes, ties, zeros of both signs, subnormals and the largest ones."""
    rng = np.random.default_rng(0)
    n = 2_000 if plain else 100_000
    sizes = np.concatenate([rng.standard_normal(n) * 2.0 ** rng.integers(-12, 2, n), [0, -0.0, 1, 1e-40, -1e-40, 3e38]])
    moves = 2 * min(most, 1e30) * rng.standard_normal(sizes.size)
    start, goal = stored("bf16", sizes), stored("bf16", sizes + moves)
    narrow, wide = np.zeros_like(start), np.zeros_like(start)
    move = move_at_most_narrow.py_func if plain else move_at_most_narrow
    with np.errstate(over="ignore", invalid="ignore"):
        assert move(start, goal, most, narrow) == move_at_most(start, goal, most, wide)
    np.testing.assert_array_equal(narrow, wide)


@pytest.mark.parametrize("move", [move_at_most, move_at_most_narrow])
@pytest.mark.parametrize("place", [0, 1])
@pytest.mark.parametrize("bad", [np.nan, np.inf])
def test_a_move_shows_what_is_not_finite(move: Any, place: int, bad: float) -> None:
    given = models("bf16", 2)
    assert move(*given, 0.5, np.zeros_like(given[0]))
    given[place][123] = stored("bf16", np.array([bad]))[0]
    assert not move(*given, 0.5, np.zeros_like(given[0]))


@FORMS
def test_add_thinned(form: str) -> None:
    model, plus, minus = models(form, 3)
    thinned = check(add_thinned, model, plus, minus, 2.0, 0.5, np.uint64(2**63 + 12345), np.uint64(2**33))
    assert 0.4 < np.mean(thinned == model) < 0.6


@FORMS
def test_choose(form: str) -> None:
    first, second = models(form, 2)
    factors = np.float32([1, 2, 3])
    values = [np.float32([decode(x) for x in model]) for model in (first, second)]
    scores = np.abs(values[1] - values[0]) * np.repeat(factors, 100)
    chosen = check(choose_where_important, first, second, 100, factors, np.float32(2))
    np.testing.assert_array_equal(chosen, np.where(scores >= 2, second, first))
    assert 0.2 < np.mean(chosen == second) < 0.9


@pytest.mark.parametrize("n_inputs", [1, 2, 4])
def test_overlaps(n_inputs: int) -> None:
    rng = np.random.default_rng(n_inputs)
    base = rng.standard_normal(2500).astype(np.float32)
    deltas = (rng.standard_normal((n_inputs, 2500)) * (rng.random((n_inputs, 2500)) < 0.5)).astype(np.float32)
    epsilon, scales = np.float32(0.25), rng.random(n_inputs).astype(np.float32)
    results = []
    for merge, count in ((merge_overlaps, count_overlaps), (merge_overlaps.py_func, count_overlaps.py_func)):
        out, counts = np.empty_like(base), np.zeros((n_inputs, 2), np.int64)
        merge(base, deltas, epsilon, scales, out)
        count(deltas, epsilon, counts)
        results.append((out, counts))
    np.testing.assert_allclose(results[0][0], results[1][0], rtol=1e-6, atol=1e-6)
    changed = np.abs(deltas) > epsilon
    alone = changed & (changed.sum(axis=0) == 1)
    expected = np.stack([alone.sum(axis=1), (changed & ~alone).sum(axis=1)], axis=1)
    for _, counts in results:
        np.testing.assert_array_equal(counts, expected)


@FORMS
@pytest.mark.parametrize("width", [1, 100, 5000])
def test_importance_is_counted(form: str, width: int) -> None:
    """As of importance in memory, in rows that are many, few or one to a strip."""
    n = 10_000
    first, second = (np.resize(model, n) for model in models(form, 2))
    factors = np.random.default_rng(1).random(n // width).astype(np.float32)
    values = [np.float32([decode(x) for x in model]) for model in (first, second)]
    bits = (np.abs(values[1] - values[0]) * np.repeat(factors, width)).view(np.int32)
    firsts = np.int32([bits[0] - 10, bits[7] // 2**16 * 2**16])
    counted, expected = np.zeros((2, N_BINS), np.int64)
    count_importance_bins(first, second, width, factors, counted)
    count_bins(bits, expected)
    np.testing.assert_array_equal(counted, expected)
    within, expected = np.zeros((2, 2, BIN_SIZE), np.int64)
    count_importance_within(first, second, width, factors, firsts, within)
    count_within(bits, firsts, expected)
    np.testing.assert_array_equal(within, expected)
    assert (within.sum(axis=1) > 0).all()
