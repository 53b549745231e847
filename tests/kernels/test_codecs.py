"""Golden and property tests of the number formats, against numpy, torch and exact fractions."""

from __future__ import annotations

import math
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mergealign.kernels.codecs import decode, encode, is_finite
from mergealign.kernels.linear import all_finite, convert

ALL_16_BITS = np.arange(65536, dtype=np.uint32).astype(np.uint16)
STORAGE = {"bf16": np.uint16, "f16": np.int16}


def value_of(kind: str, bits: np.ndarray) -> np.ndarray:
    """The independent decoder: float16 by numpy, bfloat16 as the upper half of a float32."""
    bits = bits.view(np.uint16)
    narrow = bits.view(np.float16) if kind == "f16" else (bits.astype(np.uint32) << 16).view(np.float32)
    with np.errstate(invalid="ignore"):  # signaling NaN
        return narrow.astype(np.float64)


def nearest(kind: str, value: float) -> float:
    """`value` rounded to nearest even by exact arithmetic on fractions."""
    mantissa, smallest, largest = (7, -126, 127) if kind == "bf16" else (10, -14, 15)
    if value == 0 or not math.isfinite(value):
        return value
    exponent = max(math.frexp(value)[1] - 1, smallest)
    spacing = Fraction(2) ** (exponent - mantissa)
    rounded = round(Fraction(value) / spacing) * spacing  # Python rounds fractions half to even
    if abs(rounded) >= Fraction(2) ** (largest + 1):
        return math.copysign(math.inf, value)
    return math.copysign(float(rounded), value)


@pytest.mark.parametrize("kind", STORAGE)
def test_all_patterns_decode_and_encode_back(kind: str) -> None:
    bits = ALL_16_BITS.view(STORAGE[kind])
    wide, back = np.empty(65536, np.float64), np.empty_like(bits)
    convert(bits, wide)
    expected = value_of(kind, bits)
    np.testing.assert_array_equal(wide, expected)
    np.testing.assert_array_equal(np.signbit(wide), np.signbit(expected))
    convert(wide, back)
    nan = np.isnan(expected)
    np.testing.assert_array_equal(back[~nan], bits[~nan])
    assert np.isnan(value_of(kind, back[nan])).all()


@pytest.mark.parametrize("kind", STORAGE)
def test_all_patterns_in_plain_python(kind: str) -> None:
    bits = ALL_16_BITS.view(STORAGE[kind])[::7]
    expected = value_of(kind, bits)
    for b, e in zip(bits, expected, strict=True):
        value = decode(b)
        assert value == e or (math.isnan(value) and math.isnan(e))
        assert is_finite(b) == math.isfinite(e)
        if not math.isnan(e):
            assert encode(value, b) == b


@pytest.mark.parametrize("kind", STORAGE)
@given(
    values=st.lists(st.floats(allow_nan=False) | st.floats(-1e-4, 1e-4) | st.floats(-1e5, 1e5), min_size=1, max_size=50)
)
def test_rounds_to_nearest_even_once(kind: str, values: list[float]) -> None:
    wide = np.array(values)
    out = np.empty(wide.size, STORAGE[kind])
    convert(wide, out)
    expected = np.array([nearest(kind, v) for v in values])
    np.testing.assert_array_equal(value_of(kind, out), expected)
    with np.errstate(over="ignore"):
        np.testing.assert_array_equal(out, [encode(v, out[0]) for v in values])


@pytest.mark.parametrize("kind", STORAGE)
def test_halfway_and_double_rounding(kind: str) -> None:
    """Just above the middle between two numbers: rounding to float32 first would lose the difference."""
    spacing = 2.0**-7 if kind == "bf16" else 2.0**-10
    out = np.empty(4, STORAGE[kind])
    convert(
        np.array([1 + spacing / 2, 1 + spacing / 2 + 2.0**-40, 1 + 1.5 * spacing, 1 + 1.5 * spacing - 2.0**-40]), out
    )
    np.testing.assert_array_equal(value_of(kind, out), [1, 1 + spacing, 1 + 2 * spacing, 1 + spacing])


def test_float16_agrees_with_numpy_on_random_values() -> None:
    rng = np.random.default_rng(0)
    wide = rng.standard_normal(100_000) * 10.0 ** rng.integers(-9, 5, 100_000)
    out = np.empty(wide.size, np.int16)
    convert(wide, out)
    with np.errstate(over="ignore"):
        np.testing.assert_array_equal(out.view(np.float16), wide.astype(np.float16))


def test_bfloat16_agrees_with_torch_on_float32_values() -> None:
    import torch

    rng = np.random.default_rng(0)
    narrow = (rng.standard_normal(100_000) * 10.0 ** rng.integers(-40, 38, 100_000)).astype(np.float32)
    out = np.empty(narrow.size, np.uint16)
    convert(narrow, out)
    np.testing.assert_array_equal(out.view(np.int16), torch.from_numpy(narrow).bfloat16().view(torch.int16).numpy())


def test_float32_bits_of_all_kinds_become_the_same_as_their_float64() -> None:
    """There is a faster way from float32 to bfloat16; NaN stays NaN whatever its payload."""
    bits = np.random.default_rng(0).integers(0, 2**32, 1 << 18, np.uint32)
    bits[:6] = 0x7FFF_FFFF, 0xFFFF_FFFF, 0x7F80_0001, 0x7F7F_FFFF, 0x7F80_0000, 0x8000_0001
    narrow = bits.view(np.float32)
    with np.errstate(invalid="ignore"):  # signaling NaN
        wide = narrow.astype(np.float64)
    out, expected = np.empty((2, bits.size), np.uint16)
    assert convert(narrow, out) == convert(wide, expected)
    nan = np.isnan(narrow)
    np.testing.assert_array_equal(out[~nan], expected[~nan])
    assert np.isnan(value_of("bf16", out[nan])).all()


@pytest.mark.parametrize("storage", [np.uint16, np.int16, np.float32, np.float64])
@pytest.mark.parametrize("bad", [math.nan, math.inf, -math.inf])
def test_non_finite_values_are_seen_anywhere(storage: type, bad: float) -> None:
    for where in (0, 8, 16):
        wide = np.ones(17)
        wide[where] = bad
        out = np.empty(17, storage)
        assert not convert(wide, out)
        assert not all_finite(out)
    assert all_finite(out[:16])
