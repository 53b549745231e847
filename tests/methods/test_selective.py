"""Rules that choose element by element: numbers computed by hand, the definition in float64, exact quantiles."""

from __future__ import annotations

import itertools
from math import log
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mergealign.errors import RecipeError
from mergealign.kernels.magnitude import count_bins, count_within
from mergealign.methods import Span
from mergealign.methods._quantiles import QuantileSearch
from mergealign.methods._rule import StoredBlocks
from mergealign.testing import merge_arrays

from ._by_hand import merged, rule_of

close = np.testing.assert_allclose
same = np.testing.assert_array_equal


def bfloat16(values: Any) -> Any:
    """The numbers rounded towards zero to bfloat16, and their bits."""
    bits = (np.asarray(values, np.float32).view(np.uint32) >> 16).astype(np.uint16)
    return (bits.astype(np.uint32) << 16).view(np.float32), bits


# nearswap


def test_nearswap_by_hand() -> None:
    same(merged("nearswap", [1, 1, 1, 1], [1.25, 0.75, 3, -2], t=0.5), [1.25, 0.75, 1.5, 0.5])


@settings(deadline=None)  # the first example compiles kernels
@given(t=st.floats(0, 3), seed=st.integers(0, 99))
def test_nearswap_moves_at_most_t(t: float, seed: int) -> None:
    base, other = np.random.default_rng(seed).standard_normal((2, 50)).astype(np.float32)
    moved = merged("nearswap", base, other, t=t)
    near = np.abs(other.astype(np.float64) - base) <= t
    same(moved[near], other[near])
    close(moved[~near], (base + np.sign(other - base) * np.float32(t))[~near], rtol=1e-5, atol=1e-6)


def test_the_ends_of_nearswap() -> None:
    base, other = np.random.default_rng(0).standard_normal((2, 50)).astype(np.float32)
    same(merged("nearswap", base, other, t=0), base)
    same(merged("nearswap", base, other, t=100), other)
    with pytest.raises(RecipeError, match="greater than or equal to 0"):
        rule_of("nearswap", 2, t=-1)


def test_nearswap_below_a_millionth() -> None:
    """On purpose not as in mergekit, which takes 1e-7 of the way times t / 1e-6 here."""
    same(merged("nearswap", [0, 0], [1e-7, 1], t=5e-7), np.float32([1e-7, 5e-7]))


# ram


def test_ram_by_hand() -> None:
    first, second = [2, 1, 3, 1 + 2e-6], [1, 1, 5, 1 + 1e-6]
    close(merged("ram", [1, 1, 1, 1], first, second), [2, 1, 4, 1], rtol=1e-6)
    close(merged("ram", [1, 1, 1, 1], first, second, epsilon=3), [1, 1, 5, 1], rtol=1e-6)


def test_ramplus_by_hand() -> None:
    """The first model has two unique changes and a shared one (ratio 0.5), the second only the shared one."""
    first, second = [1, 0, 2, 5], [0, 0, 4, 0]
    close(merged("ramplus_tl", [0] * 4, first, second), [1.02, 0, 3, 5.1], rtol=1e-6)
    close(merged("ramplus_tl", [0] * 4, first, second, r=1, alpha=9), [1.5, 0, 3, 7.5], rtol=1e-6)
    close(merged("ramplus_tl", [0] * 4, first, second, r=0), merged("ram", [0] * 4, first, second))


@pytest.mark.parametrize("method", ["ram", "ramplus_tl"])
def test_the_order_of_models_does_not_matter(method: str) -> None:
    rng = np.random.default_rng(0)
    base = rng.standard_normal(3000, np.float32)
    tuned = [base + rng.standard_normal(3000, np.float32) * (rng.random(3000) < 0.4) for _ in range(3)]
    results = [merged(method, base, *order) for order in itertools.permutations(tuned)]
    for result in results[1:]:
        close(result, results[0], rtol=1e-5, atol=1e-6)


def test_one_model_alone_is_the_result() -> None:
    base, tuned = np.random.default_rng(0).standard_normal((2, 50)).astype(np.float32)
    close(merged("ram", base, tuned), tuned, rtol=1e-5)


# arcee fusion


def fusion(base: Any, other: Any, added: float) -> Any:
    """The definition in float64; `added` to each probability, as mergekit does."""

    def softmax(x: Any) -> Any:
        e = np.exp(x - x.max(axis=-1, keepdims=True))
        return e / e.sum(axis=-1, keepdims=True) + added

    b, o = base.astype(np.float64), other.astype(np.float64)
    p, q = softmax(o), softmax(b)
    importance = np.abs(o - b) * (p * np.log(p / q)).sum(axis=-1, keepdims=True)
    ranked = np.sort(importance, axis=None)
    first, median, third = (ranked[int(level * (ranked.size - 1))] for level in (0.25, 0.5, 0.75))
    return np.where(importance >= median + 1.5 * (third - first), other, base)


def test_fusion_by_hand() -> None:
    """Divergences from (0, 0): (ln 9, 0) 0.368, (ln 3, 0) 0.131. Importances: 0.809, twice 0.144, five times 0.

    The quartiles are 0, 0 and 0.144 (ranks 1, 3 and 5 of 0 … 7), so the threshold is 0.216.
    """
    other = [[log(9), 0], [log(3), 0], [0, log(3)], [0, 0]]
    same(merged("arcee_fusion", np.zeros((4, 2)), other), np.float32([[log(9), 0], [0, 0], [0, 0], [0, 0]]))
    same(merged("arcee_fusion", np.zeros((2, 2)), other[1:3]), np.zeros((2, 2)))  # 0, 0 and 0.144 again


@pytest.mark.parametrize("shape", [(300, 400), (5, 20_000), (30_000,), (3, 50, 200), (2000, 7)])
@pytest.mark.parametrize("spread", [1e-5, 1e-3, 0.03, 1.0, 20.0])
def test_fusion_is_the_definition_in_float64(shape: tuple[int, ...], spread: float) -> None:
    """For models however close: mergekit's own float32 differs in a tenth of what it changes at 1e-4."""
    rng = np.random.default_rng(0)
    base = (0.05 * rng.standard_normal(shape)).astype(np.float32)
    other = base + np.float32(spread) * rng.standard_normal(shape).astype(np.float32)
    result = merged("arcee_fusion", base, other)
    expected = fusion(base, other, added=0.0 if spread > 0.1 else 1e-8)
    assert np.count_nonzero(result != expected) <= 2  # importances that differ by a rounding
    assert 0.02 < np.mean(result == other) < 0.3 or len(shape) == 1


def test_fusion_takes_numbers_as_they_are() -> None:
    """Also where base + (other − base) would not give the other's number back, and for mixed formats."""
    rng = np.random.default_rng(0)
    base, base_bits = bfloat16(rng.standard_normal((50, 40)))
    other, other_bits = bfloat16(base + 10.0 ** rng.uniform(-8, 0, base.shape))
    rule = rule_of("arcee_fusion", 2)
    result = merge_arrays(rule, [base, other])
    assert set(np.unique((result == base) | (result == other))) == {True}
    assert 0 < np.count_nonzero((result == other) & (base != other)) < base.size
    same(merge_arrays(rule, [base_bits, other_bits]), bfloat16(result)[1])
    same(merge_arrays(rule, [base_bits, other]), bfloat16(result)[1])


class _Deltas:
    """The numbers of a block are those of its one tuned model."""

    def count_bins(self, block: StoredBlocks, counts: Any) -> None:
        count_bins(block.tuned[0].view(np.int32), counts)

    def count_within(self, block: StoredBlocks, firsts: Any, counts: Any) -> None:
        count_within(block.tuned[0].view(np.int32), firsts, counts)


@settings(deadline=None)  # the first example compiles kernels
@given(
    seed=st.integers(0, 999),
    n=st.integers(1, 400),
    digits=st.integers(0, 4),
    levels=st.lists(st.floats(0, 1), min_size=1, max_size=4),
)
def test_quantiles_are_exact(seed: int, n: int, digits: int, levels: list[float]) -> None:
    values = np.abs(np.random.default_rng(seed).standard_normal(n)).round(digits).astype(np.float32)
    search = QuantileSearch(_Deltas(), tuple(levels), list)
    known: tuple[Any, ...] = ()
    for reduction in search.reductions:
        total = np.zeros(reduction.shape, np.int64)
        for start in range(0, n, 100):
            part = values[start : start + 100]
            reduction.add(StoredBlocks(None, (part,), Span(start, start + part.size, (n,))), known, total)
        known = (*known, reduction.finish(total, known))
    assert known[-1] == [np.sort(values)[int(level * (n - 1))] for level in levels]
