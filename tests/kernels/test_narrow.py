"""Float32 where it rounds as float64 does: the same bits, whatever the numbers and the weights."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mergealign.kernels import narrow as module
from mergealign.kernels.linear import combine
from mergealign.kernels.narrow import combine_narrow, fits_narrow, narrow_ratio

EXACT = [(1.0, 1.0), (0.5, 0.5), (1.0,), (1.0, 0.5, 2.0), (0.25, 1.0), (0.75, 1.25), (1.0, -0.5), (0.0, 1.5)]
BOUNDED = [(0.83714, 1.21353), (0.9, 1.1), (0.7,), (1 / 3, 1 / 3, 1 / 3), (-0.61234, 0.0), (2.0**-16, 1e9)]

Draw = Callable[[np.random.Generator, tuple[int, int]], Any]


def bf16(values: Any) -> Any:
    return (np.asarray(values, np.float32).view(np.uint32) >> 16).astype(np.uint16)


def assert_same(models: list[Any], weights: tuple[float, ...], kernel: Any = combine_narrow, calls: int = 1) -> None:
    """Both ways of `combine_narrow`, with the first model as the base and without, against `combine`.

    `calls` cuts the models: a call that has given up tells nothing about the rest.
    """
    assert fits_narrow(weights)
    ratio = narrow_ratio(weights)
    narrow_weights = tuple(map(np.float32, weights))
    for base, tuned in ((models[0], models[1:]), (None, models[1:])):
        wide = np.zeros(models[0].size, np.uint16)
        finite = combine(base, tuple(tuned), weights, wide)
        for tried in {None, ratio}:
            narrow, also = np.zeros_like(wide), True
            cuts = [np.array_split(m, calls) for m in (tuned[0] if base is None else base, *tuned, narrow)]
            for first, *others, out in zip(*cuts, strict=True):
                start = None if base is None else first
                told = kernel(start, tuple(others), weights, narrow_weights, tried and np.float32(tried), out)
                also = also and bool(told)
            assert also == finite
            is_nan = (wide & 0x7FFF) > 0x7F80
            np.testing.assert_array_equal((narrow & 0x7FFF) > 0x7F80, is_nan)
            np.testing.assert_array_equal(narrow[~is_nan], wide[~is_nan])


def any_bits(rng: np.random.Generator, shape: tuple[int, int]) -> Any:
    return rng.integers(0, 1 << 16, shape)


def near_exponents(rng: np.random.Generator, shape: tuple[int, int]) -> Any:
    """Exponents near each other, so that both the safe and the doubtful side are met."""
    exponents = rng.integers(0, 256, shape[1]) + rng.integers(-rng.integers(1, 25), 1, shape)
    return rng.integers(0, 2, shape) << 15 | np.clip(exponents, 0, 255) << 7 | rng.integers(0, 128, shape)


def near_zero(rng: np.random.Generator, shape: tuple[int, int]) -> Any:
    """Subnormal numbers, and zeros of both signs."""
    return rng.integers(0, 2, shape) << 15 | rng.integers(0, 1 << rng.integers(1, 14), shape) * rng.integers(
        0, 2, shape
    )


def powers_of_two(rng: np.random.Generator, shape: tuple[int, int]) -> Any:
    """And their neighbors: where the spacing of bfloat16 numbers changes."""
    bits = rng.integers(120, 130, shape) << 7 | rng.choice([0, 1, 127], shape)
    return rng.integers(0, 2, shape) << 15 | bits


def large(rng: np.random.Generator, shape: tuple[int, int]) -> Any:
    """About the largest number, where results overflow; infinity and NaN among them."""
    return rng.integers(0, 2, shape) << 15 | rng.integers(0x7F00, 0x7F82, shape)


def cancelling(rng: np.random.Generator, shape: tuple[int, int]) -> Any:
    """Tuned weights that take most of the base away."""
    base = rng.standard_normal(shape[1])
    return np.stack(
        [bf16(base), *(bf16(base * rng.choice([0, 0.1, -0.1, -0.5, -1], shape[1])) for _ in range(shape[0] - 1))]
    )


@pytest.mark.parametrize("draw", [any_bits, near_exponents, near_zero, powers_of_two, large, cancelling])
@pytest.mark.parametrize("weights", EXACT + BOUNDED)
def test_any_numbers_give_what_float64_gives(draw: Draw, weights: tuple[float, ...]) -> None:
    rng = np.random.default_rng(5)
    for _ in range(4):
        drawn = np.asarray(draw(rng, (len(weights) + 1, 20_000))).astype(np.uint16)
        assert_same(list(drawn), weights, calls=25)


@settings(max_examples=150, deadline=None)
@given(
    weights=st.lists(
        st.one_of(
            st.floats(2.0**-16, 8.0) | st.floats(-8.0, -(2.0**-16)),
            st.integers(-200, 200).map(lambda n: n / 100),
            st.integers(-128, 128).map(lambda n: n / 64),
        ),
        min_size=1,
        max_size=3,
    ).map(tuple),
    draw=st.sampled_from([any_bits, near_exponents, powers_of_two, cancelling]),
    seed=st.integers(0, 2**32),
)
def test_any_weights_give_what_float64_gives(weights: tuple[float, ...], draw: Draw, seed: int) -> None:
    drawn = np.asarray(draw(np.random.default_rng(seed), (len(weights) + 1, 1000))).astype(np.uint16)
    assert_same(list(drawn), weights, calls=2)


@pytest.mark.parametrize("weights", EXACT + BOUNDED)
def test_models_near_each_other(weights: tuple[float, ...]) -> None:
    rng = np.random.default_rng(3)
    base = rng.standard_normal(500_003) * 0.02
    assert_same(
        [bf16(base), *(bf16(base + 0.002 * rng.standard_normal(base.size)) for _ in weights)], weights, calls=200
    )


@pytest.mark.parametrize("weight", [1.0, 0.7])
def test_every_pattern_against_some(weight: float) -> None:
    patterns = np.arange(1 << 16, dtype=np.uint16)
    for other in (0x0000, 0x8000, 0x0001, 0x0080, 0x3F80, 0x3F7F, 0xBF81, 0x4049, 0x7F7F, 0x7F80, 0x7FC0):
        same = np.full_like(patterns, other)
        assert_same([patterns, same], (weight,), calls=60)
        assert_same([same, patterns], (weight,), calls=60)


def test_exact_midpoints_go_to_even() -> None:
    """Halfway between neighbors, by weights of few bits, and by weights that miss it by less than float32 can see."""
    steps = np.arange(2000, dtype=np.uint16)
    below, above = 0x3F80 + steps, 0x3F81 + steps
    assert_same([below, below, above], (0.5, 0.5), calls=8)
    assert_same([below, above], (0.5,), calls=8)
    assert_same([below, above, above], (0.2, 0.3), calls=8)


@pytest.mark.parametrize("weights", [(1.0, 1.0), (0.83714, 1.21353)])
def test_compiled_equals_plain_python(weights: tuple[float, ...]) -> None:
    rng = np.random.default_rng(4)
    models = [bf16(rng.standard_normal(700) * 0.02) for _ in range(3)]
    with np.errstate(all="ignore"):
        assert_same(models, weights, combine_narrow.py_func)


def test_few_elements_are_done_again(monkeypatch: pytest.MonkeyPatch) -> None:
    """Else nothing would be gained: counted in plain Python, for weights as a search draws them."""
    again = []

    def counted(*given: Any) -> bool:
        start, stop = given[-2:]
        again.append(stop - start)
        return True

    monkeypatch.setattr(module, "combine_range", counted)
    rng = np.random.default_rng(6)
    base = rng.standard_normal(10_000) * 0.02
    models = [bf16(base), *(bf16(base * (1 + 0.1 * rng.standard_normal(base.size))) for _ in range(2))]
    weights = (0.83714, 1.21353)
    narrow_weights = tuple(map(np.float32, weights))
    out = np.zeros(base.size, np.uint16)
    combine_narrow.py_func(models[0], tuple(models[1:]), weights, narrow_weights, None, out)
    assert sum(again) < 0.1 * base.size


@pytest.mark.parametrize("weights", [(1e-9, 1.0), (1.0, 1e30), (float("inf"),), (float("nan"),)])
def test_weights_that_do_not_fit(weights: tuple[float, ...]) -> None:
    assert not fits_narrow(weights)


@pytest.mark.parametrize("weights", [(0.7, 1.0), (2.0**-12,), (1.0, 2.0**-9), (512.0,), (1.0, 1 + 2.0**-10)])
def test_weights_of_too_many_bits(weights: tuple[float, ...]) -> None:
    assert fits_narrow(weights)
    assert narrow_ratio(weights) is None


def test_ratio_by_hand() -> None:
    """(1, 1): sums up to 5 times the largest take 3 bits of 16; (0.5, 0.5): up to 3 times take 2, halves one more.

    (0.75, −1.25): up to 5 times take 3, quarters two more.
    """
    assert narrow_ratio((1.0, 1.0)) == narrow_ratio((1.0, -1.0)) == 2.0**13
    assert narrow_ratio((0.5, 0.5)) == 2.0**13
    assert narrow_ratio((0.75, -1.25)) == 2.0**11
