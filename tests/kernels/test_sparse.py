"""Deltas of which some elements stay: against numpy, and against the kernels uncompiled, on all formats."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from mergealign.kernels.codecs import decode
from mergealign.kernels.random import stays_by_chance, stream_key
from mergealign.kernels.rank import stays_by_rank
from mergealign.kernels.sparse import merge_stays, stays_energies, stays_norms

from .test_differences import stored

pytestmark = pytest.mark.filterwarnings("ignore:overflow encountered in scalar multiply")  # wanted: only low bits count
F = np.float32
N = 700
BLOCK = 300  # the last one is shorter
FORMS = pytest.mark.parametrize("form", ["bf16", "f16", "f32", "f64"])
FAMILIES = pytest.mark.parametrize(
    ("form", "n_inputs"), [("bf16", 1), ("bf16", 2), ("bf16", 5), ("f16", 2), ("f32", 2), ("f64", 2)]
)
NO_FLOOR = F(-np.inf)


def values(array: Any) -> Any:
    return F([decode(x) for x in array])


def family(form: str, n_inputs: int) -> tuple[Any, tuple[Any, ...], Any, Any]:
    """Base, tuned models, what stays, deltas."""
    rng = np.random.default_rng(n_inputs)
    base, *tuned = (stored(form, v) for v in rng.standard_normal((n_inputs + 1, N)))
    tuned[0][::5] = base[::5]
    stays = (rng.random((n_inputs, N)) < 0.5).astype(np.uint8)
    return base, tuple(tuned), stays, np.array([values(t) - values(base) for t in tuned])


def packed(stays: Any) -> tuple[Any]:
    """What stays as kernels remember it: block by block, 8 elements in a byte."""
    blocks = np.zeros((3, len(stays), (BLOCK + 7) // 8 * 8), np.uint8)
    for index, block in enumerate(blocks):
        part = stays[:, index * BLOCK : (index + 1) * BLOCK]
        block[:, : part.shape[1]] = part
    return (np.packbits(blocks, axis=2),)


def room(n_inputs: int) -> Any:
    return np.full((n_inputs, (BLOCK + 7) // 8 * 8), 99, np.uint8)


def chosen(how: tuple[Any, ...], base: Any, tuned: tuple[Any, ...]) -> Any:
    """What stays of each delta, uint8 [K, n]."""
    found = np.zeros((3, len(tuned), (BLOCK + 7) // 8), np.uint8)
    plain = np.zeros_like(found)
    for kernel, out in ((stays_norms, found), (stays_norms.py_func, plain)):
        kernel(base, tuned, how, BLOCK, room(len(tuned)), np.zeros((3, len(tuned), 2)), out)
    assert_array_equal(found, plain)
    parts = [np.unpackbits(block, axis=1)[:, :BLOCK] for block in found]
    return np.concatenate(parts, axis=1)[:, :N]


@FORMS
def test_norms_and_energies(form: str) -> None:
    base, tuned, stays, deltas = family(form, 2)
    how, again = packed(stays), np.zeros_like(packed(stays)[0])
    norms, plain = np.ones((2, 3, 2, 2))
    stays_norms(base, tuned, how, BLOCK, room(2), norms, again)
    stays_norms.py_func(base, tuned, how, BLOCK, room(2), plain, None)
    assert_array_equal(again, how[0])
    cuts = [BLOCK, 2 * BLOCK]
    sizes = np.abs(deltas.astype(float))
    expected = [
        1 + np.stack([s.sum(axis=1), (s * m).sum(axis=1)], axis=1)
        for s, m in zip(np.split(sizes, cuts, axis=1), np.split(stays, cuts, axis=1), strict=True)
    ]
    assert_allclose(norms, expected, rtol=2e-7)
    assert_allclose(plain, expected, rtol=2e-6)
    for kernel in (stays_energies, stays_energies.py_func):
        energies = np.ones((3, 2))
        kernel(base, tuned, how, BLOCK, room(2), energies)
        expected = [1 + part.sum(axis=1) for part in np.split(sizes**2 * stays, cuts, axis=1)]
        assert_allclose(energies, expected, rtol=1e-12)


@FAMILIES
def test_the_sum_of_all(form: str, n_inputs: int) -> None:
    base, tuned, stays, deltas = family(form, n_inputs)
    votes = np.linspace(0.5, 2, n_inputs).astype(F)
    out, plain = np.empty_like(base), np.empty_like(base)
    for kernel, merged in ((merge_stays, out), (merge_stays.py_func, plain)):
        assert kernel(base, tuned, packed(stays), BLOCK, room(n_inputs), votes, None, NO_FLOOR, F(1), merged)
    assert_array_equal(out, plain)
    expected = values(base) + (votes[:, None].astype(float) * deltas * stays).sum(axis=0)
    assert_allclose(values(out), expected, rtol={"bf16": 2**-8, "f16": 2**-11}.get(form, 1e-6), atol=1e-6)


@FAMILIES
@pytest.mark.parametrize(("weight", "floor"), [(0, -np.inf), (1, -np.inf), (1, 0.9)])
def test_the_sum_of_those_that_agree(form: str, n_inputs: int, weight: float, floor: float) -> None:
    base, tuned, stays, deltas = family(form, n_inputs)
    votes = np.linspace(-0.5, 2, n_inputs).astype(F)
    factors, weights = np.linspace(1, 2, n_inputs).astype(F), weight * np.linspace(0.5, 1, n_inputs).astype(F)
    agreeing = np.stack([factors, weights])
    out, plain = np.empty_like(base), np.empty_like(base)
    for kernel, merged in ((merge_stays, out), (merge_stays.py_func, plain)):
        assert kernel(base, tuned, packed(stays), BLOCK, room(n_inputs), votes, agreeing, F(floor), F(3), merged)
    assert_array_equal(out, plain)
    terms = votes[:, None] * deltas * stays
    agree = np.sign(terms) == np.where(terms.sum(axis=0) >= 0, 1, -1)
    over = (weights[:, None] * agree).sum(axis=0)
    over = np.where(over == 0, 1, np.maximum(over, floor))
    expected = values(base) + 3 * (factors[:, None] * terms * agree).sum(axis=0) / over
    assert_allclose(values(out), expected, rtol={"bf16": 2**-8, "f16": 2**-11}.get(form, 1e-5), atol=1e-5)


def test_what_is_not_finite_is_told() -> None:
    how, votes = (F([1]), np.uint64([1]), 0), F([1])
    for bad in (np.inf, np.nan, -np.inf):
        base, tuned = np.zeros(3, np.uint16), np.zeros(3, np.uint16)
        tuned[1] = stored("bf16", np.array([bad]))[0]
        assert not merge_stays(base, (tuned,), how, BLOCK, room(1), votes, None, NO_FLOOR, F(1), np.empty_like(base))


def test_chosen_by_chance() -> None:
    base, tuned, _, _ = family("bf16", 3)
    keys, expected = np.array([stream_key(1, k) for k in range(3)]), np.ones((3, N), np.uint8)
    stays_by_chance(0.3, keys[0], 1000, expected[0])
    expected[2] = 0
    assert_array_equal(chosen((F([0.3, 1, 0]), keys, 1000), base, tuned), expected)


def test_chosen_by_rank() -> None:
    base, tuned, _, _ = family("bf16", 3)
    keys, expected = np.array([stream_key(1, k) for k in range(3)]), np.ones((3, N), np.uint8)
    stays_by_rank(base, tuned[0], 100, 0.2, 0.5, keys[0], 1000, expected[0])
    expected[2] = 0
    assert_array_equal(chosen((np.array([0.2, 1, 0]), np.array([0.5, 1, 0]), keys, 1000, 100), base, tuned), expected)


@FORMS
def test_chosen_by_magnitude(form: str) -> None:
    base = stored(form, np.zeros(N))
    steps = np.random.default_rng(0).integers(-8, 9, (2, N)) / 4.0
    size, tuned = np.abs(steps), tuple(stored(form, v) for v in steps)
    low, high = F([0.5, 1.5]).view(np.int32)
    limits = np.array(
        [[[low, high], [0, 0x7FFF_FFFF]], [[low, high], [1, 0]], [[low + 1, high], [low, high]]], np.int32
    )
    ties = np.array([[1, 0, high, 7], [2, 1, low, 0]])
    expected = (size >= 0.5) & (size <= 1.5)
    expected[1, :BLOCK], expected[1, BLOCK : 2 * BLOCK] = True, False
    expected[0, 2 * BLOCK :] &= size[0, 2 * BLOCK :] > 0.5
    at = np.flatnonzero(size[0] == 1.5)
    expected[0, at[(at >= BLOCK) & (at < 2 * BLOCK)][7:]] = False
    expected[1, 2 * BLOCK :] &= size[1, 2 * BLOCK :] != 0.5
    assert_array_equal(chosen((np.arange(2), limits, ties), base, tuned), expected)


@FAMILIES
def test_chosen_by_variance(form: str, n_inputs: int) -> None:
    base, tuned, _, deltas = family(form, n_inputs)
    for t in tuned:
        t[::3] = tuned[0][::3]
    deltas[:, ::3] = deltas[:1, ::3]
    variance = deltas.astype(float).var(axis=0)
    assert (variance[::3] == 0).all()
    low = F(np.sort(variance)[400] * (1 + 1e-4))
    limits = np.full((1, n_inputs, 2), [low.view(np.int32), 0x7FFF_FFFF], np.int32) if low else None
    if limits is None:  # one input: nothing varies
        limits = np.full((1, n_inputs, 2), [1, 0x7FFF_FFFE], np.int32)
    found = chosen((np.full(n_inputs, -1), limits, np.empty((0, 4), np.int64)), base, tuned)
    assert_array_equal(found, np.broadcast_to(variance >= max(low, 1e-40), found.shape))
