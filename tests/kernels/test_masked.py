"""Deltas of which some elements stay: against numpy, and against the kernels uncompiled, on all formats."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from mergealign.kernels.codecs import decode
from mergealign.kernels.masked import merge_stays, stays_between, stays_first, stays_norms

from .test_differences import stored

F = np.float32
N = 700
FORMS = pytest.mark.parametrize("form", ["bf16", "f16", "f32", "f64"])


def values(array: Any) -> Any:
    return F([decode(x) for x in array])


def family(form: str, n_inputs: int) -> tuple[Any, tuple[Any, ...], Any, Any]:
    """Base, tuned models, what stays, deltas."""
    rng = np.random.default_rng(n_inputs)
    base, *tuned = (stored(form, v) for v in rng.standard_normal((n_inputs + 1, N)))
    stays = (rng.random((n_inputs, N)) < 0.5).astype(np.uint8)
    return base, tuple(tuned), stays, np.array([values(t) - values(base) for t in tuned])


@FORMS
def test_norms(form: str) -> None:
    base, tuned, stays, deltas = family(form, 2)
    norms, plain = np.ones((2, 2, 2))
    stays_norms(base, tuned, stays, norms)
    stays_norms.py_func(base, tuned, stays, plain)
    sizes = np.abs(deltas.astype(float))
    expected = 1 + np.stack([sizes.sum(axis=1), (sizes * stays).sum(axis=1)], axis=1)
    assert_allclose(norms, expected, rtol=2e-7)
    assert_allclose(plain, expected, rtol=2e-6)


@FORMS
@pytest.mark.parametrize("n_inputs", [1, 2, 5])
def test_the_sum_of_all(form: str, n_inputs: int) -> None:
    base, tuned, stays, deltas = family(form, n_inputs)
    factors, none = np.linspace(0.5, 2, n_inputs).astype(F), np.zeros(n_inputs, F)
    out, plain = np.empty_like(base), np.empty_like(base)
    assert merge_stays(base, tuned, stays, factors, False, none, F(1), out)
    assert merge_stays.py_func(base, tuned, stays, factors, False, none, F(1), plain)
    assert_array_equal(out, plain)
    expected = values(base) + (factors[:, None].astype(float) * deltas * stays).sum(axis=0)
    assert_allclose(values(out), expected, rtol={"bf16": 2**-8, "f16": 2**-11}.get(form, 1e-6), atol=1e-6)


@FORMS
@pytest.mark.parametrize("n_inputs", [2, 5])
@pytest.mark.parametrize("divisor", [0, 1])
def test_the_sum_of_those_that_agree(form: str, n_inputs: int, divisor: float) -> None:
    base, tuned, stays, deltas = family(form, n_inputs)
    factors = np.linspace(-0.5, 2, n_inputs).astype(F)
    divisors = divisor * np.linspace(0.5, 1, n_inputs).astype(F)
    out, plain = np.empty_like(base), np.empty_like(base)
    assert merge_stays(base, tuned, stays, factors, True, divisors, F(3), out)
    assert merge_stays.py_func(base, tuned, stays, factors, True, divisors, F(3), plain)
    assert_array_equal(out, plain)
    terms = factors[:, None] * deltas * stays
    agree = np.sign(terms) == np.where(terms.sum(axis=0) >= 0, 1, -1)
    over = (divisors[:, None] * agree).sum(axis=0)
    expected = values(base) + 3 * (terms * agree).sum(axis=0) / np.where(over == 0, 1, over)
    assert_allclose(values(out), expected, rtol={"bf16": 2**-8, "f16": 2**-11}.get(form, 1e-5), atol=1e-5)


def test_what_is_not_finite_is_told() -> None:
    stays, factors, none = np.ones((1, 3), np.uint8), np.ones(1, F), np.zeros(1, F)
    for bad in (np.inf, np.nan, -np.inf):
        base, tuned = np.zeros(3, np.uint16), np.zeros(3, np.uint16)
        tuned[1] = stored("bf16", np.array([bad]))[0]
        assert not merge_stays(base, (tuned,), stays, factors, False, none, F(1), np.empty_like(base))


@FORMS
def test_stays_between_and_first(form: str) -> None:
    base = stored(form, np.zeros(N))
    tuned = stored(form, np.random.default_rng(0).integers(-8, 9, N) / 4.0)
    size = np.abs(values(tuned))
    limits = F([0.5, 1.5]).view(np.int32)
    stays, plain = np.empty((2, N), np.uint8)
    stays_between(base, tuned, *limits, stays)
    stays_between.py_func(base, tuned, *limits, plain)
    assert_array_equal(stays, plain)
    assert_array_equal(stays, (size >= 0.5) & (size <= 1.5))
    for n in (0, 5, N):
        kept, plain = stays.copy(), stays.copy()
        stays_first(base, tuned, limits[1], n, kept)
        stays_first.py_func(base, tuned, limits[1], n, plain)
        assert_array_equal(kept, plain)
        assert_array_equal(np.flatnonzero(kept != stays), np.flatnonzero(size == 1.5)[n:])
