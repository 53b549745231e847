"""The divergence of rows read as logits: by hand, against float64, and the compiled loop against plain Python."""

from __future__ import annotations

from math import log
from typing import Any

import numpy as np
import pytest

from mergealign.kernels.divergence import row_divergences


def divergences(base: Any, delta: Any, kernel: Any = row_divergences) -> Any:
    out = np.full(base.shape[0], 7.0)
    kernel(np.float32(base).ravel(), np.float32(delta).ravel(), base.shape[1], out)
    return out


def definition(base: Any, delta: Any) -> Any:
    """Σ p log(p / q) in longdouble, with log(p / q) from the logits, so that it keeps digits for small deltas."""
    y, d = (np.float32(v).astype(np.longdouble) for v in (base, delta))
    q = np.exp(y - y.max(axis=1, keepdims=True))
    q /= q.sum(axis=1, keepdims=True)
    grown = np.expm1(d)
    mean = (q * grown).sum(axis=1, keepdims=True)
    p = q * (1 + grown) / (1 + mean)
    return (p * (d - np.log1p(mean))).sum(axis=1)


def test_by_hand() -> None:
    """From (½, ½) to (¾, ¼) and to (9/10, 1/10), by both ways through the kernel."""
    base = np.zeros((3, 2))
    found = divergences(base, np.array([[log(3), 0], [0, log(9)], [0, 0]]))
    np.testing.assert_allclose(found[0], 0.75 * log(1.5) + 0.25 * log(0.5), rtol=1e-6)
    np.testing.assert_allclose(found[1], 0.9 * log(1.8) + 0.1 * log(0.2), rtol=1e-6)
    assert found[2] == 0
    d = 0.1
    p = 1 / (1 + np.exp(-d))
    expected = p * log(2 * p) + (1 - p) * log(2 - 2 * p)
    np.testing.assert_allclose(divergences(base[:1], np.array([[d, 0.0]])), expected, rtol=1e-6)


@pytest.mark.parametrize("width", [1, 2, 300, 4096])
@pytest.mark.parametrize(
    ("logits", "spread"), [(0.1, 1e-6), (0.1, 1e-4), (0.3, 0.02), (0.1, 0.5), (30.0, 5.0), (5, 1e-3)]
)
def test_against_the_definition(width: int, logits: float, spread: float) -> None:
    rng = np.random.default_rng(width)
    base, delta = logits * rng.standard_normal((5, width)), spread * rng.standard_normal((5, width)) + spread
    expected = definition(base, delta).astype(np.float64)
    lost = 1e-14 * (1 + spread) if logits > 1 or spread > 0.1 else 1e-20  # by the definition, the terms cancel
    np.testing.assert_allclose(divergences(base, delta), expected, rtol=2e-5, atol=lost)


def test_a_constant_added_to_a_row_changes_nothing() -> None:
    base = np.random.default_rng(0).standard_normal((4, 100)) * 0.1
    assert (divergences(base, np.full((4, 100), 2.0**-4)) < 1e-12).all()


@pytest.mark.parametrize("spread", [0.01, 2.0])
def test_compiled_equals_plain_python(spread: float) -> None:
    rng = np.random.default_rng(0)
    base, delta = 0.1 * rng.standard_normal((3, 300)), spread * rng.standard_normal((3, 300))
    plain = divergences(base, delta, row_divergences.py_func)
    np.testing.assert_allclose(divergences(base, delta), plain, rtol=1e-5)
