"""Loops that choose element by element: the compiled ones against their plain Python, on all formats."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from mergealign.kernels.choose import choose_where_important, importance
from mergealign.kernels.codecs import decode
from mergealign.kernels.nearswap import move_at_most
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


@FORMS
def test_add_thinned(form: str) -> None:
    model, plus, minus = models(form, 3)
    thinned = check(add_thinned, model, plus, minus, 2.0, 0.5, np.uint64(2**63 + 12345), np.uint64(2**33))
    assert 0.4 < np.mean(thinned == model) < 0.6


@FORMS
def test_choose(form: str) -> None:
    first, second = models(form, 2)
    factors = np.float32([1, 2, 3])
    scores, plain = np.empty((2, 300), np.float32)
    importance(first, second, 100, factors, scores)
    importance.py_func(first, second, 100, factors, plain)
    np.testing.assert_array_equal(scores, plain)
    values = [np.float32([decode(x) for x in model]) for model in (first, second)]
    np.testing.assert_array_equal(scores, np.abs(values[1] - values[0]) * np.repeat(factors, 100))
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
