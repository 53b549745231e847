"""Inner products of whole vectors, against numpy, decoded before or on the way."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from mergealign.kernels.codecs import decode
from mergealign.kernels.inner import inner_products, stored_products

from .test_differences import stored


@pytest.mark.parametrize("plain", [False, True])
@pytest.mark.parametrize("n_inputs", [1, 2, 3])
@pytest.mark.parametrize("block", [1500, 1100])
@pytest.mark.parametrize("form", ["bf16", "f16", "f32", "f64"])
def test_products_of_stored_numbers(form: str, block: int, n_inputs: int, plain: bool) -> None:
    rng = np.random.default_rng(n_inputs)
    base, *tuned = (stored(form, v) for v in rng.standard_normal((n_inputs + 1, 1500)))
    for given in (base, None):
        decoded, blocks = np.ones((n_inputs, n_inputs)), np.ones((-(-1500 // block), n_inputs, n_inputs))
        (stored_products.py_func if plain else stored_products)(given, tuple(tuned), block, blocks)
        sums = 1 + (blocks - 1).sum(axis=0)
        values: list[Any] = [np.float32([decode(x) for x in v]) for v in (base, *tuned)]
        vectors = np.array(values[1:]) - (0 if given is None else values[0])
        inner_products(vectors, decoded)
        exact = vectors.astype(np.float64)
        np.testing.assert_allclose(sums, 1 + exact @ exact.T, rtol=1e-11, atol=1e-11)
        np.testing.assert_allclose(decoded, sums, rtol=1e-11, atol=1e-11)
