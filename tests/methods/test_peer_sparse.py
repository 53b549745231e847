"""The sparsifying rules against mergekit 0.1.5 in float32; random ones by what they keep."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from numpy.testing import assert_allclose

from mergealign.errors import RecipeError
from mergealign.methods import Inputs, resolve_method
from mergealign.testing import merge_arrays

from .peer import AT_THRESHOLD, assert_agree, needs_mergekit, run_mergekit

SHAPES = {"embed": (1000, 64), "q": (256, 320), "up": (704, 256), "norm": (256,)}

THINNED: list[dict[str, Any]] = [
    {"weight": 1.0},
    {"weight": 1.0, "density": 0.3},
    {"weight": [0.5, 0.8], "density": [0.2, 0.7]},
    {"weight": [0.5, -0.8], "density": 0.5, "normalize": True},
    {"weight": [0.3, 0.6], "density": 0.4, "normalize": False, "lambda": 1.7},
    {"weight": [0.5, 0.4], "density": 0.6, "rescale": True},
    {"weight": [1.0, 0.2], "density": [1.0, 0.001]},
    {"weight": [1.0, 0.0], "density": [0.0, 0.5]},
    {"weight": [0.7, 0.4, 0.1], "density": [0.9, 0.95, 0.99]},
]
CRUMBS = [
    *THINNED,
    *({**p, "gamma": 0.2} for p in THINNED),
    {"weight": [1.0, 0.5], "density": 0.7, "gamma": [0.0, 0.6]},
]
LINEAR: list[dict[str, Any]] = [
    {"weight": 1.0},
    {"weight": [0.5, 0.8], "normalize": True},
    {"weight": [0.5, -0.5], "normalize": True},
    {"weight": [0.1, 0.2, 0.3], "lambda": 0.5},
    {"weight": [0.0, 1.5]},
]
CASES = [
    *(("task_arithmetic", p) for p in LINEAR),
    *(
        (method, {**p, "density": 1.0})
        for method in ("dare_linear", "dare_ties", "della_linear", "della")
        for p in LINEAR
    ),
    *(("ties", p) for p in THINNED),
    *((method, p) for method in ("breadcrumbs", "breadcrumbs_ties") for p in CRUMBS),
]


def family(n: int, spread: float = 0.1, *, bfloat16: bool = False) -> dict[str, list[Any]]:
    """By name, a base and n models tuned from it by deltas of `spread` times its size."""
    rng = np.random.default_rng(n)
    models = {}
    for name, shape in SHAPES.items():
        base = 0.02 * rng.standard_normal(shape, np.float32)
        tuned = (base + np.float32(0.02 * spread * (k + 1)) * rng.standard_normal(shape, np.float32) for k in range(n))
        models[name] = [base, *tuned]
        if bfloat16:
            models[name] = [(m.view(np.uint32) & 0xFFFF0000).view(np.float32) for m in models[name]]
    return models


def ours(method: str, models: dict[str, list[Any]], parameters: dict[str, Any]) -> dict[str, Any]:
    n = len(next(iter(models.values()))) - 1
    rule, _ = resolve_method(method, parameters, Inputs(n, True))
    return {name: merge_arrays(rule, arrays) for name, arrays in models.items()}


def n_inputs(parameters: dict[str, Any]) -> int:
    return max(len(value) if isinstance(value, list) else 2 for value in parameters.values())


@needs_mergekit
@pytest.mark.parametrize(("method", "parameters"), CASES)
def test_agreement(method: str, parameters: dict[str, Any]) -> None:
    models = family(n_inputs(parameters))
    theirs = run_mergekit(method, models, base=True, parameters=parameters)
    for name, merged in ours(method, models, parameters).items():
        assert_agree(merged, theirs[name], f"{method} {parameters} {name}", at_threshold=AT_THRESHOLD)


@needs_mergekit
@pytest.mark.parametrize("select_topk", [1.0, 0.9, 0.5, 0.1, 0.01, 0.0])
@pytest.mark.parametrize("spread", [0.01, 2])  # without and with enough energy for unequal weights
@pytest.mark.parametrize("n", [2, 3])
def test_sce(select_topk: float, spread: float, n: int) -> None:
    models = family(n, spread)
    theirs = run_mergekit("sce", models, base=True, parameters={"select_topk": select_topk})
    for name, merged in ours("sce", models, {"select_topk": select_topk}).items():
        assert_agree(merged, theirs[name], f"sce {select_topk} {name}", at_threshold=AT_THRESHOLD)


@needs_mergekit
@pytest.mark.parametrize("method", ["ties", "breadcrumbs"])
def test_where_many_are_at_the_threshold(method: str) -> None:
    """bfloat16 models: what is kept differs only among elements of the magnitudes at the ends, and not in number."""
    models = family(1, bfloat16=True)
    parameters = {"weight": 1.0, "density": 0.4}
    theirs = run_mergekit(method, models, base=True, parameters=parameters)
    for name, merged in ours(method, models, parameters).items():
        base = models[name][0]
        differ = merged != theirs[name]
        sizes = np.abs(np.where(differ, models[name][1] - base, 0))
        assert np.unique(sizes[differ]).size <= (1 if method == "ties" else 2)
        assert np.count_nonzero(merged != base) == np.count_nonzero(theirs[name] != base)


@needs_mergekit
@pytest.mark.parametrize(
    ("method", "parameters"),
    [(m, {"density": d, "rescale": r}) for m in ("dare_linear", "dare_ties") for d in (0.1, 0.5, 0.9) for r in (0, 1)]
    + [(m, {"density": 0.4, "epsilon": e}) for m in ("della_linear", "della") for e in (0.05, 0.2, 0.35)],
)
def test_random_rules_keep_as_much(method: str, parameters: dict[str, Any]) -> None:
    if "rescale" in parameters:
        parameters = {**parameters, "rescale": bool(parameters["rescale"])}
    parameters = {"weight": 1.0, "normalize": False, **parameters}
    models = family(1)
    theirs = run_mergekit(method, models, base=True, parameters=parameters)
    for name, merged in ours(method, models, parameters).items():
        base, tuned = models[name]
        rescaled = parameters.get("rescale", True)
        kept = []
        for result in (merged, theirs[name]):
            kept.append(result != base)
            if rescaled:
                norm = np.abs(result - base).sum(dtype=np.float64)
                assert_allclose(norm, np.abs(tuned - base).sum(dtype=np.float64), rtol=1e-4)
        bound = 5 * np.sqrt(2 * 0.25 / base.size)
        assert abs(kept[0].mean() - kept[1].mean()) < bound
        if base.ndim == 2:  # by tenths of rank in the row
            order = np.argsort(np.abs(tuned - base), axis=1)
            shares = [
                [tenth.mean() for tenth in np.array_split(np.take_along_axis(k, order, axis=1), 10, axis=1)]
                for k in kept
            ]
            assert np.abs(np.subtract(*shares)).max() < 4 * bound


@needs_mergekit
@pytest.mark.parametrize(
    ("method", "parameters"), [("della", {"density": 0.9}), ("della_linear", {"density": 0.4, "epsilon": 0.45})]
)
def test_both_refuse_probabilities_outside_of_0_to_1(method: str, parameters: dict[str, Any]) -> None:
    with pytest.raises(RuntimeError, match="Epsilon"):
        run_mergekit(method, family(2), base=True, parameters={"weight": 1.0, **parameters})
    with pytest.raises(RecipeError, match="epsilon"):
        resolve_method(method, {"weight": 1.0, **parameters}, Inputs(2, True))
