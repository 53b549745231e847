"""Inner products and sums by rows and columns, against numpy and against the plain Python of the kernels."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from mergealign.kernels.angles import arc_weights, stock_weights
from mergealign.kernels.rows import column_products, combine_columns, combine_rows, row_products

KINDS = pytest.mark.parametrize("plain", [False, True])


def run(kernel: Any, plain: bool, *given: Any) -> None:
    (kernel.py_func if plain else kernel)(*given)


@KINDS
@pytest.mark.parametrize("n_inputs", [1, 2, 3, 4])
@pytest.mark.parametrize("width", [1, 5, 40])
def test_products(n_inputs: int, width: int, plain: bool) -> None:
    vectors = np.random.default_rng(0).standard_normal((n_inputs, 3, width)).astype(np.float32)
    flat, exact = vectors.reshape(n_inputs, -1), vectors.astype(np.float64)
    rows = np.empty((3, n_inputs, n_inputs))
    run(row_products, plain, flat, width, rows)
    np.testing.assert_allclose(rows, np.einsum("jrc,krc->rjk", exact, exact), rtol=1e-12)
    columns = np.zeros((n_inputs, n_inputs, width))
    run(column_products, plain, flat, columns)
    np.testing.assert_allclose(columns, np.einsum("jrc,krc->jkc", exact, exact), rtol=1e-12)


@KINDS
@pytest.mark.parametrize("n_inputs", [1, 2, 3, 4])
@pytest.mark.parametrize("width", [1, 40, 1500])
@pytest.mark.parametrize("has_base", [True, False])
def test_sums(n_inputs: int, width: int, has_base: bool, plain: bool) -> None:
    rng = np.random.default_rng(0)
    vectors = rng.standard_normal((n_inputs, 2, width)).astype(np.float32)
    base = rng.standard_normal((2, width)).astype(np.float32) if has_base else None
    flat, flat_base = vectors.reshape(n_inputs, -1), None if base is None else base.ravel()
    start = 0 if base is None else base
    out = np.empty(2 * width, np.float32)
    weights = rng.standard_normal((2, n_inputs))
    run(combine_rows, plain, flat_base, flat, width, weights, out)
    expected = start + np.einsum("rk,krc->rc", weights, vectors.astype(np.float64))
    np.testing.assert_allclose(out.reshape(2, width), expected, rtol=1e-5, atol=1e-6)
    weights = rng.standard_normal((n_inputs, width))
    run(combine_columns, plain, flat_base, flat, weights, out)
    expected = start + np.einsum("kc,krc->rc", weights, vectors.astype(np.float64))
    np.testing.assert_allclose(out.reshape(2, width), expected, rtol=1e-5, atol=1e-6)


@KINDS
def test_weights_from_angles(plain: bool) -> None:
    """By hand: right angle, one direction, opposite, a zero vector, 60°."""
    grams = np.array([[[1.0, c * 2], [c * 2, 4.0]] for c in (0, 1, -1, 0, 0.5)])
    grams[3] = [[1.0, 0], [0, 0]]
    half = 0.5**0.5
    weights = np.empty((5, 2))
    run(arc_weights, plain, grams, 0.5, 1e-14, weights)
    expected = [[half, half], [0.5, 0.5], [0.5, 0.5], [half, half], [3**-0.5, 3**-0.5]]
    np.testing.assert_allclose(weights, expected, rtol=1e-12)
    run(stock_weights, plain, grams, weights)
    np.testing.assert_allclose(weights[:, 0], [0, 0.5, 0, 0, 1 / 3], atol=1e-12)
    np.testing.assert_array_equal(weights[:, 0], weights[:, 1])
