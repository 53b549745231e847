"""Rules made of lengths and angles: numbers computed by hand, ends, scales and the order of models."""

from __future__ import annotations

import itertools
from math import pi, sin, sqrt
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mergealign.errors import RecipeError
from mergealign.methods import LinearRule, Unit
from mergealign.testing import merge_arrays

from ._by_hand import merged, rule_of

HALF = sqrt(0.5)
close = np.testing.assert_allclose


def random_models(n: int, shape: tuple[int, ...] = (60, 40), spread: float = 0.5, seed: int = 0) -> list[Any]:
    rng = np.random.default_rng(seed)
    base = rng.standard_normal(shape, np.float32)
    return [base, *(base + np.float32(spread) * rng.standard_normal(shape, np.float32) for _ in range(n - 1))]


# linear, passthrough


def test_linear_by_hand() -> None:
    close(merged("linear", [1, 2], [3, 6], weight=[1, 3]), [2.5, 5])
    close(merged("linear", [1, 2], [3, 6], weight=[1, 3], normalize=False), [10, 20])
    close(merged("linear", [1, 2], [3, 6], weight=[2, -1]), [-1, -2])


@pytest.mark.parametrize("weight", [[1, -1], [0.1, 0.2, -0.3]])
def test_weights_that_sum_to_zero_are_refused(weight: list[float]) -> None:
    for method, base in (("linear", 0), ("multislerp", 1), ("nuslerp", 1)):
        if method != "nuslerp" or len(weight) == 2:
            with pytest.raises(RecipeError, match="sum to zero"):
                rule_of(method, len(weight) + base, weight=weight)
    assert isinstance(rule_of("linear", len(weight), weight=weight, normalize=False), LinearRule)


@pytest.mark.parametrize("method", ["linear", "multislerp"])
def test_weights_of_zero_are_refused(method: str) -> None:
    with pytest.raises(RecipeError, match="all weights are zero"):
        rule_of(method, 2, base=False, weight=[0, 0])


def test_passthrough_copies_unless_scaled() -> None:
    assert rule_of("passthrough", 1).selects == 0
    close(merged("passthrough", [1, -2], scale=2), [2, -4])
    close(merged("passthrough", [1, -2], scale=0), [0, 0])


# slerp


def test_slerp_by_hand() -> None:
    close(merged("slerp", [1, 0], [0, 2], t=0.5), [HALF, 2 * HALF], rtol=1e-6)
    close(merged("slerp", [1, 0], [0, 2], t=1 / 3), [sin(pi / 3), 2 * sin(pi / 6)], rtol=1e-6)


@pytest.mark.parametrize(("other", "expected"), [([2, 0], 1.25), ([-1, 0], 0.5), ([2, 0.01], 1.25)])
def test_slerp_is_linear_where_there_is_no_arc(other: list[float], expected: float) -> None:
    close(merged("slerp", [1, 0], other, t=0.25)[0], expected, rtol=1e-6)


def test_zeros_count_as_orthogonal() -> None:
    close(merged("slerp", [0, 0], [0, 2], t=0.5), [0, 2 * HALF], rtol=1e-6)


@pytest.mark.parametrize("t", [0, 1])
def test_the_ends_of_slerp_are_copies(t: float) -> None:
    rule = rule_of("slerp", 2, t=t)
    assert rule.selects == t
    assert not rule.reductions


@settings(deadline=None)  # the first example compiles kernels
@given(t=st.floats(0.01, 0.99), seed=st.integers(0, 99))
def test_slerp_keeps_to_the_sphere(t: float, seed: int) -> None:
    """Unit vectors stay so, and angles are shared in the ratio t."""
    a, b = np.random.default_rng(seed).standard_normal((2, 8))
    a, b = a / np.linalg.norm(a), b / np.linalg.norm(b)
    if abs(a @ b) < 0.99:
        c = merged("slerp", a, b, t=t).astype(np.float64)
        close(c @ c, 1, rtol=1e-5)
        close(np.arctan2(np.linalg.norm(c - (a @ c) * a), a @ c), t * np.arccos(a @ b), rtol=1e-5, atol=1e-6)


# mergealign along the arc


def test_mergealign_on_the_arc_by_hand() -> None:
    base, domain, aligned = [1, 1], [3, 1], [1, 2]
    close(merged("mergealign", base, domain, aligned, interpolation="slerp"), [1 + 4 * HALF, 1 + 2 * HALF], rtol=1e-6)
    half = {"domain_weight": 0.5, "alignment_weight": 0.5}
    close(
        merged("mergealign", base, domain, aligned, interpolation="slerp", **half), [1 + 2 * HALF, 1 + HALF], rtol=1e-6
    )
    uneven = {"domain_weight": 1.0, "alignment_weight": 0.5}
    expected = [1 + 1.5 * 2 * sin(pi / 3), 1 + 1.5 * sin(pi / 6)]
    close(merged("mergealign", base, domain, aligned, interpolation="slerp", **uneven), expected, rtol=1e-6)


@pytest.mark.parametrize(("domain", "aligned"), [([2, 4], [1, 1]), ([1, 1], [2, 4]), ([3, 5], [2, 3])])
def test_the_arc_is_the_line_for_one_direction(domain: list[float], aligned: list[float]) -> None:
    weights = {"domain_weight": 0.7, "alignment_weight": 1.2}
    line = merged("mergealign", [1, 1], domain, aligned, **weights)
    close(merged("mergealign", [1, 1], domain, aligned, interpolation="slerp", **weights), line, rtol=1e-6)


def test_one_weight_on_the_arc_is_that_model() -> None:
    rule = rule_of("mergealign", 3, interpolation="slerp", alignment_weight=0)
    assert rule.selects == 1
    with pytest.raises(RecipeError, match="no weight may be negative"):
        rule_of("mergealign", 3, interpolation="slerp", alignment_weight=-0.5)
    with pytest.raises(RecipeError, match="linear"):
        rule_of("mergealign", 3, interpolation="cubic")


# nuslerp


def test_nuslerp_by_hand() -> None:
    expected = [1 + 2 * sin(pi / 8), 1 + sin(3 * pi / 8)]
    close(merged("nuslerp", [1, 1], [3, 1], [1, 2], weight=[1, 3]), expected, rtol=1e-6)
    close(merged("nuslerp", [2, 0], [0, 1], base=False, weight=[1, 1]), [2 * HALF, HALF], rtol=1e-6)
    close(merged("nuslerp", [1, 0], [-1, 0], base=False, weight=[3, 1]), [0.5, 0], rtol=1e-6)
    close(merged("nuslerp", [1, 0], [2, 0], base=False, weight=[3, 1]), [1.25, 0], rtol=1e-6)


def test_nuslerp_by_rows_and_columns() -> None:
    a, b = [[1, 0], [1, 0]], [[0, 1], [2, 0]]
    rows = {"nuslerp_flatten": False}
    columns = {**rows, "nuslerp_row_wise": True}
    close(merged("nuslerp", a, b, base=False, weight=[1, 1], **rows), [[HALF, HALF], [1.5, 0]], rtol=1e-6)
    weight = sin(pi / 8) / sin(pi / 4)  # first columns (1, 1) and (0, 2) at 45°; the second of `a` is zero
    expected = [[weight, HALF], [weight * 3, 0]]
    close(merged("nuslerp", a, b, base=False, weight=[1, 1], **columns), expected, rtol=1e-6)


@pytest.mark.parametrize("base", [True, False])
def test_columns_are_rows_of_the_transposed(base: bool) -> None:
    models = random_models(2 + base)
    rows = rule_of("nuslerp", 2 + base, base=base, weight=[1, 2], nuslerp_flatten=False)
    columns = rule_of("nuslerp", 2 + base, base=base, weight=[1, 2], nuslerp_flatten=False, nuslerp_row_wise=True)
    assert (rows.unit, columns.unit) == (Unit.ROW, Unit.MATRIX)
    assert columns.scratch_bytes((60, 40)) > 60 * 40 * 4
    turned = merge_arrays(columns, [np.ascontiguousarray(m.T) for m in models]).T
    close(merge_arrays(rows, models), turned, rtol=1e-6, atol=1e-7)


def test_a_vector_is_one_row_and_one_column() -> None:
    models = random_models(3, (50,))
    results = [
        merged("nuslerp", *models, weight=[1, 2], nuslerp_flatten=flatten, nuslerp_row_wise=row_wise)
        for flatten, row_wise in itertools.product([True, False], repeat=2)
    ]
    for result in results[1:]:
        close(result, results[0], rtol=1e-6, atol=1e-7)


# multislerp


def test_multislerp_by_hand() -> None:
    close(merged("multislerp", [1, 1], [4, 1], [1, 5], weight=[1, 1]), [1 + 3.5 * HALF, 1 + 3.5 * HALF], rtol=1e-6)
    close(merged("multislerp", [3, 0], [0, 4], base=False, weight=[3, 3]), [3.5 * HALF, 3.5 * HALF], rtol=1e-6)
    plain = merged("multislerp", [3, 0], [0, 4], base=False, weight=[3, 3], normalize_weights=False)
    close(plain, [21 * HALF, 21 * HALF], rtol=1e-6)


def test_multislerp_with_the_step_that_vanishes() -> None:
    """The definition: a step in the plane that touches the sphere at the mean direction; it has no length."""
    models = random_models(4)
    deltas = [(m - models[0]).astype(np.float64).ravel() for m in models[1:]]
    weight = np.array([0.2, 0.5, 0.3])
    lengths = np.array([np.linalg.norm(d) for d in deltas])
    units = np.array(deltas) / lengths[:, None]
    mean = weight @ units / np.linalg.norm(weight @ units)
    step = weight @ (units - (units @ mean)[:, None] * mean)
    assert np.linalg.norm(step) < 1e-12
    expected = models[0] + (mean * (weight @ lengths)).reshape(models[0].shape)
    close(merged("multislerp", *models, weight=list(weight)), expected, rtol=1e-5, atol=1e-6)


def test_directions_that_cancel() -> None:
    close(merged("multislerp", [0, 0], [1, 0], [-1, 0], weight=[3, 1]), [1, 0], rtol=1e-6)
    close(merged("multislerp", [0, 0], [2, 0], [-1, 0], weight=[1, 1]), [0.5, 0], rtol=1e-6)
    star = [[1, 0], [-0.5, sqrt(0.75)], [-0.5, -sqrt(0.75)]]
    with pytest.raises(ValueError, match="cancel out"):
        merged("multislerp", [0, 0], *star, weight=[1, 1, 1])
    close(merged("multislerp", [1, 2], [1, 2], [1, 2], [1, 2], weight=[1, 1, 1]), [1, 2])


def test_one_model_is_the_result() -> None:
    assert rule_of("multislerp", 2, weight=[0.3]).selects == 1
    assert rule_of("multislerp", 1, base=False, weight=[0.3]).selects == 0
    assert rule_of("karcher", 1).selects == 0


# karcher


def test_karcher_by_hand() -> None:
    close(merged("karcher", [1, 0], [0, 3]), [2 * HALF, 2 * HALF], rtol=1e-6)
    close(merged("karcher", [1, 0, 0], [0, 1, 0], [0, 0, 1]), [sqrt(1 / 3)] * 3, rtol=1e-6)
    close(merged("karcher", [0, 0], [0, 3]), [0, 1.5], rtol=1e-6)
    close(merged("karcher", [0, 0], [0, 0]), [0, 0])


def test_the_pull_of_all_models_on_their_mean_is_zero() -> None:
    models = random_models(4, spread=2.0)
    mean = merged("karcher", *models, max_iter=100, tol=1e-7).astype(np.float64).ravel()
    mean /= np.linalg.norm(mean)
    pull = np.zeros_like(mean)
    for model in models:
        unit = model.astype(np.float64).ravel() / np.linalg.norm(model.astype(np.float64))
        angle = np.arccos(unit @ mean)
        assert angle > 0.1
        pull += angle / np.sin(angle) * (unit - unit @ mean * mean)
    assert np.linalg.norm(pull) < 1e-6


def test_opposite_models_have_no_mean() -> None:
    with pytest.raises(ValueError, match="opposite"):
        merged("karcher", [1, 0], [-1, 0])


# model stock


def test_model_stock_by_hand() -> None:
    t = 2 * HALF / (1 + HALF)
    close(merged("model_stock", [1, 1], [2, 1], [2, 2]), [1 + t, 1 + t / 2], rtol=1e-6)
    close(merged("model_stock", [1, 1], [2, 1], [1, 2]), [1, 1])  # orthogonal
    close(merged("model_stock", [1, 1], [2, 1], [0, 1]), [1, 1])  # opposite: the divisor vanishes
    close(merged("model_stock", [1, 1], [2, 3], [2, 3]), [2, 3], rtol=1e-6)
    rows = merged("model_stock", [[1, 1], [1, 1]], [[2, 1], [2, 1]], [[2, 2], [1, 2]], filter_wise=True)
    close(rows, [[1 + t, 1 + t / 2], [1, 1]], rtol=1e-6)


@pytest.mark.parametrize("filter_wise", [True, False])
@pytest.mark.parametrize("scale", [1e-6, 1e-3, 1e3])
def test_model_stock_does_not_depend_on_the_scale(filter_wise: bool, scale: float) -> None:
    """On purpose not as in mergekit, where short differences lose their cosine."""
    a, b = np.random.default_rng(0).standard_normal((2, 20, 30)).astype(np.float32) + np.float32(1)
    zero = np.zeros_like(a)
    one = merged("model_stock", zero, a, b, filter_wise=filter_wise)
    small = merged("model_stock", zero, a * np.float32(scale), b * np.float32(scale), filter_wise=filter_wise)
    close(small / scale, one, rtol=1e-5, atol=1e-6)


# all


@pytest.mark.parametrize(
    ("method", "parameters"),
    [
        ("linear", {"weight": 1.0}),
        ("karcher", {}),
        ("multislerp", {"weight": 1.0}),
        ("model_stock", {}),
        ("model_stock", {"filter_wise": True}),
        ("nuslerp", {"weight": 1.0}),
        ("nuslerp", {"weight": 1.0, "nuslerp_flatten": False}),
        ("nuslerp", {"weight": 1.0, "nuslerp_flatten": False, "nuslerp_row_wise": True}),
        ("mergealign", {"interpolation": "slerp"}),
    ],
)
def test_the_order_of_models_does_not_matter(method: str, parameters: dict[str, Any]) -> None:
    base, *tuned = random_models(3)
    one = merged(method, base, *tuned, **parameters)
    close(merged(method, base, *tuned[::-1], **parameters), one, rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("scale", [1e-3, 1e3])
@pytest.mark.parametrize(
    ("method", "n", "parameters"),
    [
        ("slerp", 2, {"t": 0.3}),
        ("karcher", 3, {}),
        ("multislerp", 3, {"weight": [1, 2]}),
        ("nuslerp", 3, {"weight": [1, 2], "nuslerp_flatten": False}),
        ("mergealign", 3, {"interpolation": "slerp", "domain_weight": 0.6}),
    ],
)
def test_scaled_models_give_the_scaled_result(method: str, n: int, parameters: dict[str, Any], scale: float) -> None:
    models = random_models(n)
    one = merged(method, *models, **parameters)
    scaled = merged(method, *(m * np.float32(scale) for m in models), **parameters)
    close(scaled / scale, one, rtol=1e-4, atol=1e-5)
