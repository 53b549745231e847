"""Safe LoRA, SafeMERGE and RESTA: numbers computed by hand, the dense formula in float64, what is left alone."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from mergealign.errors import RecipeError
from mergealign.methods import LinearRule, Unit
from mergealign.testing import merge_arrays

from ._by_hand import merged, rule_of

close = np.testing.assert_allclose
same = np.testing.assert_array_equal

ZERO = [[0, 0], [0, 0]]
ALIGNED = [[1, 0], [0, 0]]  # so C = ((1, 0), (0, 0))
DOMAIN = [[3, 0], [0, 4]]  # of which C keeps ((3, 0), (0, 0)), at a cosine of 0.6


def random_family(shape: tuple[int, ...], seed: int = 0) -> list[Any]:
    """Base, domain, aligned."""
    base, domain, aligned = np.random.default_rng(seed).standard_normal((3, *shape)).astype(np.float32)
    return [base, base + np.float32(0.1) * domain, base + np.float32(0.2) * aligned]


def dense(base: Any, domain: Any, aligned: Any, tuned_from: str) -> tuple[Any, float]:
    """C Δ and its cosine with Δ, in float64."""
    b, d, a = (m.astype(np.float64) for m in (base, domain, aligned))
    v, delta = a - b, d - (b if tuned_from == "base" else a)
    kept = v @ v.T / np.linalg.norm(v) @ delta
    return kept, float((kept * delta).sum() / np.linalg.norm(kept) / np.linalg.norm(delta))


# Safe LoRA


def test_safe_lora_by_hand() -> None:
    close(merged("safe_lora", ZERO, DOMAIN, ALIGNED, threshold=0.7), [[4, 0], [0, 0]], rtol=1e-6)
    same(merged("safe_lora", ZERO, DOMAIN, ALIGNED, threshold=0.5), [[4, 0], [0, 4]])
    aligned = [[3, 0], [0, 4]]  # ‖V‖ = 5, C = diag(9 / 5, 16 / 5)
    close(merged("safe_lora", ZERO, [[1, 0], [0, 1]], aligned, threshold=1), [[4.8, 0], [0, 7.2]], rtol=1e-6)


def test_the_subspace_is_one_of_outputs() -> None:
    """V = ((0, 1), (0, 0)): V Vᵀ keeps the first row, Vᵀ V would keep the second column."""
    aligned = [[0, 1], [0, 0]]
    close(merged("safe_lora", ZERO, [[5, 5], [5, 5]], aligned, threshold=1), [[5, 6], [0, 0]], rtol=1e-6)


def test_safe_lora_of_an_expert_tuned_from_the_aligned_model() -> None:
    domain = [[4, 0], [0, 4]]  # Δ = ((3, 0), (0, 4))
    given = {"tuned_from": "aligned"}
    close(merged("safe_lora", ZERO, domain, ALIGNED, threshold=0.7, **given), [[4, 0], [0, 0]], rtol=1e-6)
    same(merged("safe_lora", ZERO, domain, ALIGNED, threshold=0.5, **given), domain)


@pytest.mark.parametrize("tuned_from", ["base", "aligned"])
@pytest.mark.parametrize("shape", [(60, 60), (90, 30), (30, 90), (1, 20), (20, 1)])
def test_safe_lora_is_the_dense_formula(shape: tuple[int, ...], tuned_from: str) -> None:
    family = random_family(shape)
    kept, cosine = dense(*family, tuned_from)
    delta = family[1].astype(np.float64) - family[0 if tuned_from == "base" else 2]
    for threshold in (cosine - 1e-3, cosine + 1e-3):
        if 0 <= threshold <= 1:
            result = merged("safe_lora", *family, threshold=threshold, tuned_from=tuned_from)
            expected = family[2] + (kept if threshold > cosine else delta)
            close(result, expected, rtol=1e-5, atol=1e-5)
    result = merged("safe_lora", *family, threshold=1, tuned_from=tuned_from)
    close(result, family[2] + kept, rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("shape", [(50,), (4, 5, 6), (1,)])
def test_what_is_no_matrix_is_left_unprojected(shape: tuple[int, ...]) -> None:
    family = random_family(shape)
    both = merged("mergealign", *family)
    same(merged("safe_lora", *family, threshold=1), both)
    same(merged("safe_lora", *family, threshold=1, tuned_from="aligned"), family[1])
    same(merged("safemerge", *family, threshold=1), family[1])


@pytest.mark.parametrize("method", ["safe_lora", "safemerge"])
def test_a_matrix_that_alignment_did_not_change_keeps_the_expert(method: str) -> None:
    base, domain, _ = random_family((20, 30))
    same(merged(method, base, domain, base, threshold=1), domain)


def test_a_negative_threshold_costs_nothing() -> None:
    rule = rule_of("safe_lora", 3, threshold=-1)
    assert rule.unit is Unit.ELEMENT
    same(merged("safe_lora", ZERO, DOMAIN, ALIGNED, threshold=-1), [[4, 0], [0, 4]])
    assert rule_of("safe_lora", 3, threshold=-1, tuned_from="aligned").selects == 1
    assert rule_of("safemerge", 3, threshold=0).selects == 1


def test_memory_of_matrices_is_told() -> None:
    rule = rule_of("safe_lora", 3)
    assert rule.scratch_bytes((640, 128)) == 4 * (5 * 640 * 128 + 128 * 128)
    assert rule.scratch_bytes((600, 100)) == 4 * (4 * 600 * 100 + 3 * 640 * 128 + 128 * 128)
    assert rule.scratch_bytes((300,)) == rule.scratch_bytes((3, 4, 5)) == 0


# SafeMERGE


def test_safemerge_by_hand() -> None:
    same(merged("safemerge", ZERO, DOMAIN, ALIGNED), DOMAIN)  # 0.6 ≥ 0.35
    close(merged("safemerge", ZERO, DOMAIN, ALIGNED, threshold=0.7), [[2.6, 0], [0, 3.2]], rtol=1e-6)
    far = [[3, 0], [0, 40]]  # a cosine of 0.075
    close(merged("safemerge", ZERO, far, ALIGNED), [[2.6, 0], [0, 32]], rtol=1e-6)
    close(merged("safemerge", ZERO, far, ALIGNED, safe_weight=1), ALIGNED)


def test_the_expert_is_kept_exactly() -> None:
    base, domain, aligned = random_family((20, 30))
    domain *= np.float32(1e-6) ** np.random.default_rng(1).random(domain.shape, np.float32)
    same(merged("safemerge", base, domain, aligned, threshold=1e-9), domain)


@pytest.mark.parametrize("method", ["safe_lora", "safemerge"])
def test_thresholds_have_bounds(method: str) -> None:
    for threshold in (-1.5, 1.5):
        with pytest.raises(RecipeError, match="threshold"):
            rule_of(method, 3, threshold=threshold)
    with pytest.raises(RecipeError, match="tuned_from"):
        rule_of(method, 3, tuned_from="domain")


# RESTA


def test_resta_by_hand() -> None:
    close(merged("resta", [1, 2], [3, 5], [2, 1]), [2, 6])
    close(merged("resta", [1, 2], [3, 5], [2, 1], gamma=0.5), [1.5, 4])
    rule = rule_of("resta", 3, gamma=0)
    assert isinstance(rule, LinearRule)
    assert rule.selects == 0
    for density in (0, 1.1, -0.5):
        with pytest.raises(RecipeError, match="density"):
            rule_of("resta", 3, density=density)


@pytest.mark.parametrize("density", [0.1, 0.5, 0.9])
def test_a_thinned_safety_vector(density: float) -> None:
    """Each element is dropped or divided by the density; so many stay as chance allows, and the mean is the whole."""
    n = 200_000
    domain, aligned, unaligned = np.zeros((3, n), np.float32)
    aligned += np.float32(3)
    unaligned += np.float32(1)
    rule = rule_of("resta", 3, gamma=0.5, density=density)
    assert rule.is_random
    result = merge_arrays(rule, [domain, aligned, unaligned], key=2**64 - 59)
    close(np.unique(result), [0, 1 / density], rtol=1e-6)
    sigma = (density * (1 - density) / n) ** 0.5
    assert abs(np.mean(result != 0) - density) < 5 * sigma
    close(result.mean(), 1.0, atol=5 * sigma / density)
    same(result, merge_arrays(rule, [domain, aligned, unaligned], key=2**64 - 59, n_blocks=1))
    other = merge_arrays(rule, [domain, aligned, unaligned], key=12345)
    assert 0.05 < np.mean(other != result) < 0.6
