"""Geometric and selective rules against mergekit 0.1.5 in float32: five settings each, shapes of a Llama."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from mergealign.methods import METHODS, Inputs, resolve_method
from mergealign.testing import merge_arrays

from .peer import AT_THRESHOLD, assert_agree, needs_mergekit, run_mergekit

SHAPES = {"embed": (384, 96), "up": (256, 96), "down": (96, 256), "norm": (96,)}


def family(n: int, *, spread: float) -> dict[str, list[Any]]:
    """By name, n models: a base, and models whose differences from it have half in common."""
    rng = np.random.default_rng(0)
    models = {}
    for name, shape in SHAPES.items():
        base = 0.1 * rng.standard_normal(shape, np.float32)
        common = rng.standard_normal(shape, np.float32)
        models[name] = [base]
        for _ in range(n - 1):
            own = rng.standard_normal(shape, np.float32)
            models[name].append(base + np.float32(0.05 * spread) * (common + own))
    return models


def check(method: str, parameters: dict[str, Any], n: int, *, base: bool, spread: float) -> None:
    models = family(n, spread=spread)
    takes = METHODS.get(method).takes
    has_base = base and takes.base != "ignored"
    theirs = run_mergekit(method, models, base=base, parameters=parameters)
    rule, _ = resolve_method(method, parameters, Inputs(n - has_base, has_base))
    for name, arrays in models.items():
        ours = merge_arrays(rule, arrays)
        assert_agree(ours, theirs[name], f"{method} {parameters} {name}")


def settings(*given: tuple[Any, ...]) -> Any:
    return pytest.mark.parametrize(("parameters", "n", "base", "spread"), given)


@needs_mergekit
@settings(
    ({"weight": [0.5, 0.5]}, 2, False, 0.2),
    ({"weight": [0.7, 0.2, 0.4]}, 3, False, 0.2),
    ({"weight": [1.5, -0.5]}, 2, False, 2.0),
    ({"weight": [0.3, 0.3, 0.1], "normalize": False}, 3, False, 0.2),
    ({"weight": [2, 1, 1, 4]}, 4, False, 2.0),
)
def test_linear(parameters: dict[str, Any], n: int, base: bool, spread: float) -> None:
    check("linear", parameters, n, base=base, spread=spread)


@needs_mergekit
@settings(
    ({}, 1, False, 0.2),
    ({"scale": 0.5}, 1, False, 0.2),
    ({"scale": [2.0]}, 1, False, 0.2),
    ({"scale": 3.0}, 1, False, 0.2),
    ({"scale": -1.25}, 1, False, 0.2),
)
def test_passthrough(parameters: dict[str, Any], n: int, base: bool, spread: float) -> None:
    check("passthrough", parameters, n, base=base, spread=spread)


@needs_mergekit
@settings(
    ({"t": 0.5}, 2, True, 5.0),
    ({"t": 0.0}, 2, True, 0.2),
    ({"t": 1.0}, 2, True, 0.2),
    ({"t": 0.3}, 2, True, 0.01),
    ({"t": 0.7}, 2, True, 0.2),
    ({"t": 1.2}, 2, True, 5.0),
)
def test_slerp(parameters: dict[str, Any], n: int, base: bool, spread: float) -> None:
    check("slerp", parameters, n, base=base, spread=spread)


@needs_mergekit
@settings(
    ({"weight": [0.5, 0.5]}, 3, True, 0.2),
    ({"weight": [1.0, 3.0]}, 2, False, 1.0),
    ({"weight": [0.4, 0.1], "nuslerp_flatten": False}, 3, True, 0.2),
    ({"weight": [0.4, 0.1], "nuslerp_flatten": False}, 2, False, 0.2),
    ({"weight": [0.4, 0.1], "nuslerp_flatten": False, "nuslerp_row_wise": True}, 3, True, 0.2),
    ({"weight": [1, 1], "nuslerp_flatten": False, "nuslerp_row_wise": True}, 2, False, 1.0),
    ({"weight": [1, 1], "nuslerp_row_wise": True}, 2, False, 1.0),
)
def test_nuslerp(parameters: dict[str, Any], n: int, base: bool, spread: float) -> None:
    check("nuslerp", parameters, n, base=base, spread=spread)


@needs_mergekit
@settings(
    ({"weight": [0.5, 0.5]}, 3, True, 0.2),
    ({"weight": [0.5, 0.2, 0.9]}, 4, True, 0.2),
    ({"weight": [0.5, 0.2, 0.9]}, 3, False, 1.0),
    ({"weight": [0.6, 0.8], "normalize_weights": False}, 3, True, 0.2),
    ({"weight": [1, -0.3], "eps": 1e-3}, 2, False, 1.0),
    ({"weight": [0.7]}, 2, True, 0.2),
)
def test_multislerp(parameters: dict[str, Any], n: int, base: bool, spread: float) -> None:
    check("multislerp", parameters, n, base=base, spread=spread)


@needs_mergekit
@settings(
    ({}, 2, False, 0.2),
    ({}, 4, False, 1.0),
    ({"max_iter": 1}, 3, False, 20.0),
    ({"max_iter": 100, "tol": 1e-4}, 3, False, 20.0),
    ({"tol": 0.05}, 3, False, 1.0),
    ({}, 3, True, 1.0),  # the base is one of the models
)
def test_karcher(parameters: dict[str, Any], n: int, base: bool, spread: float) -> None:
    check("karcher", parameters, n, base=base, spread=spread)


@needs_mergekit
@settings(
    ({}, 3, True, 0.2),
    ({}, 5, True, 1.0),
    ({"filter_wise": True}, 3, True, 0.2),
    ({"filter_wise": True}, 4, True, 1.0),
    ({"filter_wise": False}, 4, True, 0.05),
)
def test_model_stock(parameters: dict[str, Any], n: int, base: bool, spread: float) -> None:
    check("model_stock", parameters, n, base=base, spread=spread)


@needs_mergekit
@settings(
    ({"t": 0.01}, 2, True, 0.2),
    ({"t": 0.0}, 2, True, 0.2),
    ({"t": 1.0}, 2, True, 0.2),
    ({"t": 1e-4}, 2, True, 0.01),
    ({"t": 0.05}, 2, True, 1.0),
)
def test_nearswap(parameters: dict[str, Any], n: int, base: bool, spread: float) -> None:
    check("nearswap", parameters, n, base=base, spread=spread)


@needs_mergekit
@pytest.mark.parametrize("spread", [0.2, 0.3, 0.5, 1.0, 3.0])
def test_arcee_fusion(spread: float) -> None:
    """Models so far apart that mergekit's divergences in float32 are no rounding noise (see test_selective.py)."""
    rng = np.random.default_rng(0)
    base = 0.1 * rng.standard_normal((800, 512), np.float32)
    other = base + np.float32(spread) * rng.standard_normal(base.shape, np.float32)
    theirs = run_mergekit("arcee_fusion", {"w": [base, other]}, base=True, parameters={})["w"]
    rule, _ = resolve_method("arcee_fusion", {}, Inputs(1, has_base=True))
    ours = merge_arrays(rule, [base, other])
    assert_agree(ours, theirs, f"arcee_fusion at {spread}", at_threshold=AT_THRESHOLD)
    assert 0.01 < np.mean(ours == other) < 0.5


@needs_mergekit
@settings(
    ({}, 3, True, 0.2),
    ({"epsilon": 0.01}, 4, True, 0.2),
    ({"epsilon": 0.03}, 3, True, 0.2),
    ({"epsilon": 0}, 5, True, 1.0),
    ({"epsilon": 0.05}, 2, True, 0.5),
)
def test_ram(parameters: dict[str, Any], n: int, base: bool, spread: float) -> None:
    check("ram", parameters, n, base=base, spread=spread)


@needs_mergekit
@settings(
    ({}, 3, True, 0.2),
    ({"epsilon": 0.01, "r": 0.5, "alpha": 3.0}, 4, True, 0.2),
    ({"epsilon": 0.03, "alpha": 1.0}, 3, True, 0.2),
    ({"epsilon": 0.03, "r": 2}, 5, True, 0.2),
    ({"epsilon": 0.05, "r": 0.0}, 2, True, 0.5),
)
def test_ramplus_tl(parameters: dict[str, Any], n: int, base: bool, spread: float) -> None:
    check("ramplus_tl", parameters, n, base=base, spread=spread)
