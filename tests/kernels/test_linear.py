"""The linear family: hand-computed numbers, exact rounding, and the compiled loop against its own plain Python."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mergealign.kernels.linear import combine
from mergealign.methods import LinearRule
from mergealign.testing import merge_arrays

from .test_codecs import nearest, value_of


def bf16(values: object) -> np.ndarray:
    """bfloat16 bits of values, by truncation: any bit pattern will do as an input."""
    return (np.asarray(values, np.float32).view(np.uint32) >> 16).astype(np.uint16)


def test_hand_computed() -> None:
    base, domain, aligned = (np.array(v, np.float32) for v in ([1, 2, -4], [3, 2, -2], [1, 6, -5]))
    out = np.empty(3, np.float32)
    assert combine(base, (domain, aligned), (0.5, 0.25), out)
    np.testing.assert_array_equal(out, [2.0, 3.0, -3.25])
    assert combine(None, (base, domain, aligned), (1.0, 0.5, 0.25), out)
    np.testing.assert_array_equal(out, [2.75, 4.5, -6.25])


def spanning(rng: np.random.Generator, n: int) -> list[np.ndarray]:
    """Weights whose magnitudes span 1e-9 … 0.1, tuned models close to the base."""
    base = rng.choice([-1, 1], n) * 10.0 ** rng.uniform(-9, -1, n)
    return [base, base * (1 + 0.05 * rng.standard_normal(n)), base * (1 + 0.02 * rng.standard_normal(n))]


def independent(rng: np.random.Generator, n: int) -> list[np.ndarray]:
    """Tuned weights drawn without regard to the base."""
    return [rng.standard_normal(n) * 0.02 for _ in range(3)]


@pytest.mark.parametrize("draw", [spanning, independent])
@pytest.mark.parametrize("kind", ["bf16", "f16", "f32"])
@pytest.mark.parametrize("weights", [(1.0, 1.0), (0.85, 1.25), (0.5, 0.5)])
def test_correctly_rounded(draw: object, kind: str, weights: tuple[float, float]) -> None:
    """Against exact fractions: at least 99.5 % of the results are the number nearest to the true sum."""
    drawn = draw(np.random.default_rng(0), 4000)  # type: ignore[operator]
    if kind == "f32":
        models = [v.astype(np.float32) for v in drawn]
        values = models
    else:
        models = [bf16(v) for v in drawn]
        values = [value_of("bf16", m) for m in models]
    out = np.empty(4000, {"bf16": np.uint16, "f16": np.int16, "f32": np.float32}[kind])
    combine(models[0], tuple(models[1:]), weights, out)
    w1, w2 = map(Fraction, weights)
    exact = [
        float(b + w1 * (d - b) + w2 * (a - b))
        for b, d, a in zip(*([Fraction(float(x)) for x in v] for v in values), strict=True)
    ]
    got = out if kind == "f32" else value_of(kind, out)
    correct = np.mean(got == [np.float32(x) if kind == "f32" else nearest(kind, x) for x in exact])
    assert correct >= 0.995


@given(
    values=st.lists(st.tuples(*[st.integers(0, 65535)] * 3), min_size=1, max_size=30),
    weights=st.tuples(st.floats(-2, 2), st.floats(-2, 2)),
)
def test_compiled_equals_plain_python(values: list[tuple[int, int, int]], weights: tuple[float, float]) -> None:
    models = [m.copy() for m in np.array(values, np.uint16).T]
    with np.errstate(all="ignore"):
        compiled, plain = np.zeros(len(values), np.uint16), np.zeros(len(values), np.uint16)
        for base in (models[0], None):
            finite = combine(base, tuple(models[1:]), weights, compiled)
            assert finite == combine.py_func(base, tuple(models[1:]), weights, plain)
            a, b = value_of("bf16", compiled), value_of("bf16", plain)
            np.testing.assert_array_equal(a, b)


@pytest.mark.parametrize(("weights", "chosen"), [((1.0, 0.0), 1), ((0.0, 1.0), 2), ((0.0, 0.0), 0), ((-0.0, 0.0), 0)])
def test_weights_of_one_input_give_exactly_that_input(weights: tuple[float, float], chosen: int) -> None:
    rule = LinearRule(weights)
    assert rule.selects == chosen
    sources = [np.float32([1e-9, 3.0]), np.float32([1e9, 1 / 3]), np.float32([-7e-20, 0.1])]
    np.testing.assert_array_equal(merge_arrays(rule, sources), sources[chosen])


@pytest.mark.parametrize("weights", [(1.0, 1.0), (0.5, 0.0), (0.0, 2.0)])
def test_mixtures_select_nothing(weights: tuple[float, float]) -> None:
    assert LinearRule(weights).selects is None


def test_inputs_of_mixed_formats_give_what_one_wide_format_gives() -> None:
    rng = np.random.default_rng(1)
    base, domain = bf16(rng.standard_normal(1000)), rng.standard_normal(1000).astype(np.float16).view(np.int16)
    aligned = rng.standard_normal(1000)
    wide = [value_of("bf16", base), value_of("f16", domain), aligned]
    for rule in (LinearRule((0.7, 0.4)), LinearRule((0.3, 0.7, 0.4), has_base=False)):
        mixed = merge_arrays(rule, [base, domain, aligned], dtype=np.float64)
        np.testing.assert_array_equal(mixed, merge_arrays(rule, wide, dtype=np.float64))
