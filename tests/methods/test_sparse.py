"""The sparsifying rules: examples by hand, exact counts, chance within its bounds, laws."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from numpy.testing import assert_allclose, assert_array_equal

from mergealign.errors import RecipeError
from mergealign.kernels._compile import kernel
from mergealign.kernels.random import stream_key, uniform
from mergealign.methods import Inputs, LinearRule, Rule, _rule, resolve_method
from mergealign.testing import check_merge_method, merge_arrays

RANDOM = ["dare_linear", "dare_ties", "della_linear", "della"]
SPARSE = ["ties", "breadcrumbs", "breadcrumbs_ties", *RANDOM]
LINEAR = ["dare_linear", "della_linear", "breadcrumbs"]
THIN = {"weight": 0.7, "density": 0.4}


def rule_of(method: str, n: int = 2, **parameters: Any) -> Rule:
    rule, _ = resolve_method(method, parameters, Inputs(n, True))
    return rule


def merged_deltas(method: str, deltas: Any, key: int = 1, **parameters: Any) -> Any:
    """What a method makes of deltas to a base of zeros."""
    deltas = [np.float32(d) for d in deltas]
    rule = rule_of(method, len(deltas), **parameters)
    return merge_arrays(rule, [np.zeros_like(deltas[0]), *deltas], key=key)


@pytest.fixture
def small_blocks(monkeypatch: pytest.MonkeyPatch) -> None:
    """Blocks of 16 elements, so that ties are shared among many."""
    monkeypatch.setattr(_rule, "PIECE_ELEMENTS", 16)


# examples by hand


def test_task_arithmetic_by_hand() -> None:
    deltas = [[1, 2], [3, -4]]
    assert_array_equal(merged_deltas("task_arithmetic", deltas, weight=[1, 0.5]), [2.5, 0])
    assert_array_equal(merged_deltas("task_arithmetic", deltas, weight=[1, 3], normalize=True), [2.5, -2.5])
    assert_array_equal(merged_deltas("task_arithmetic", deltas, weight=1, **{"lambda": 2}), [8, -4])
    # weights that sum to zero divide by one
    assert_array_equal(merged_deltas("task_arithmetic", deltas, weight=[1, -1], normalize=True), [-2, 6])


def test_ties_by_hand() -> None:
    deltas = [[4, -3, 2, 1], [-1, -5, 3, 2]]  # half of it: [4, -3, 0, 0] and [0, -5, 3, 0]
    assert_array_equal(merged_deltas("ties", deltas, weight=1, density=0.5), [4, -4, 3, 0])
    assert_array_equal(merged_deltas("ties", deltas, weight=1, density=0.5, normalize=False), [4, -8, 3, 0])
    assert_array_equal(merged_deltas("ties", deltas, weight=[1, 3], density=0.5), [4, -4.5, 3, 0])
    # all of it: −1 loses against 4, and 3 · 1 against 4; the weights of the losers do not count
    assert_array_equal(merged_deltas("ties", deltas, weight=1), [4, -4, 2.5, 1.5])
    assert_array_equal(merged_deltas("ties", deltas, weight=[1, 3], **{"lambda": 2}), [8, -9, 5.5, 3.5])
    # a negative weight turns the vote: 4 and (−1) · (−1) agree and add up to 5, over 1 − 1, which becomes 1
    assert merged_deltas("ties", deltas, weight=[1, -1])[0] == 5
    # L1 norms before 10 and 11, after 7 and 8
    rescaled = merged_deltas("ties", deltas, weight=1, density=0.5, rescale=True)
    assert_allclose(rescaled, [40 / 7, -(30 / 7 + 55 / 8) / 2, 33 / 8, 0], rtol=1e-6)


def test_a_vote_of_zero_is_positive() -> None:
    assert_array_equal(merged_deltas("ties", [[1, -2], [-1, 2]], weight=1), [1, 2])
    assert_array_equal(merged_deltas("sce", [[1, -2], [-1, 2]]), [1, 2])


def test_breadcrumbs_by_hand() -> None:
    deltas = [[10, -9, 8, 7, -6, 5, 4, 3, 2, 1]]
    assert_array_equal(merged_deltas("breadcrumbs", deltas, weight=1, density=0.3, gamma=0.2)[2:5], [8, 7, -6])
    assert np.count_nonzero(merged_deltas("breadcrumbs", deltas, weight=1, density=0.3, gamma=0.2)) == 3
    # where density leaves no room, fewer are removed
    assert_array_equal(merged_deltas("breadcrumbs", deltas, weight=1, density=0.9, gamma=0.5)[:2], [0, -9])
    # ⌊0.01 · 10⌋ = 0 are removed by default
    assert_array_equal(merged_deltas("breadcrumbs", deltas, weight=2, density=0.1)[:2], [20, 0])
    deltas = [[10, -9, 8, 7, 1], [-1, -2, 3, -9, 8]]  # middle three: [0, -9, 8, 7, 0] and [0, -2, 3, 0, 8]
    assert_array_equal(merged_deltas("breadcrumbs_ties", deltas, weight=1, density=0.6, gamma=0.2), [0, -11, 11, 7, 8])
    weighted = merged_deltas("breadcrumbs_ties", deltas, weight=[1, 3], density=0.6, gamma=0.2, normalize=True)
    assert_array_equal(weighted, [0, -15 / 4, 17 / 4, 7, 8])


def test_sce_by_hand() -> None:
    deltas = [[4, 2, 1, 0], [0, 3, -1, 0]]  # energies 21 and 10, variances 4, 1/4, 1, 0
    assert_allclose(merged_deltas("sce", deltas), [4, (21 * 2 + 10 * 3) / 31, 1, 0], rtol=1e-6)
    # ⌊0.7 · 3⌋ = 2 are selected: energies 17 and 1
    assert_allclose(merged_deltas("sce", deltas, select_topk=0.7), [4, 0, 1, 0], rtol=1e-6)
    assert_array_equal(merged_deltas("sce", deltas, select_topk=0), [0, 0, 0, 0])
    # energies below 10⁻⁶ weigh alike
    assert_allclose(merged_deltas("sce", np.float32(1e-5) * np.array(deltas))[1], 2.5e-5, rtol=1e-6)


@pytest.mark.parametrize("method", SPARSE)
def test_densities_zero_and_one(method: str) -> None:
    deltas = np.random.default_rng(0).standard_normal((2, 4, 50))
    assert_array_equal(merged_deltas(method, deltas, weight=1, density=0), np.zeros((4, 50)))
    whole = merged_deltas(method, deltas, weight=[1, 0], density=[1, 0.5])
    assert_array_equal(whole, np.float32(deltas[0]))
    assert isinstance(rule_of(method, weight=1.0), LinearRule) == (method in LINEAR)
    assert isinstance(rule_of(method, 1, weight=1.0), LinearRule)


@pytest.mark.parametrize("method", SPARSE)
def test_no_seed_is_drawn_where_nothing_is_left_to_chance(method: str) -> None:
    assert not rule_of(method, weight=1.0).is_random
    assert not rule_of(method, weight=1.0, density=[0, 1]).is_random
    assert rule_of(method, weight=1.0, density=[0.5, 1]).is_random == method.startswith(("dare", "della"))


# exact counts


@pytest.mark.usefixtures("small_blocks")
@settings(deadline=None)
@given(
    levels=st.integers(1, 30),
    density=st.floats(0.01, 0.99),
    gamma=st.sampled_from([0.0, 0.01, 0.3, 0.9]),
    exponent=st.integers(-20, 20),
    noise=st.booleans(),
    seed=st.integers(0, 2**32),
)
@example(levels=12, density=0.0625, gamma=0.9, exponent=0, noise=True, seed=20)  # both ends in one bin, one at its edge
def test_exactly_the_largest_stay_and_of_equals_the_first(
    levels: int, density: float, gamma: float, exponent: int, noise: bool, seed: int
) -> None:
    rng = np.random.default_rng(seed)
    n = 300
    delta = np.ldexp(rng.integers(-levels, levels + 1, n) / 8 + noise * rng.standard_normal(n) / 1e6, exponent)
    delta = delta.astype(np.float32)

    def expected(n_top: int, n_kept: int) -> Any:
        falling = np.argsort(-np.abs(delta), kind="stable")
        above = np.abs(delta) > np.abs(delta[falling[n_top]])
        of_equals = np.flatnonzero(np.abs(delta) == np.abs(delta[falling[n_top]]))
        kept = np.zeros(n, bool)  # of the largest wanted magnitude the first stay, too
        candidates = [*of_equals[: max(0, above.sum() + of_equals.size - n_top)]]
        candidates += [i for i in falling if abs(delta[i]) < abs(delta[falling[n_top]])]
        kept[candidates[:n_kept]] = True
        return np.where(kept, delta, 0)

    n_kept = int(density * n)
    ties = merged_deltas("ties", [delta], weight=1, density=density)
    assert_array_equal(ties, expected(0, max(1, n_kept)))
    crumbs = merged_deltas("breadcrumbs", [delta], weight=1, density=density, gamma=gamma)
    assert_array_equal(crumbs, expected(min(int(gamma * n), n - n_kept), n_kept))


def test_equal_magnitudes_in_many_blocks() -> None:
    delta = np.tile(np.float32([0.5, -0.5, 0.25, 0]), 100_000)  # seven blocks
    kept = merged_deltas("ties", [delta], weight=1, density=0.3)
    assert np.count_nonzero(kept) == 120_000
    assert_array_equal(kept[:240_000], np.where(np.abs(delta) == 0.5, delta, 0)[:240_000])
    assert not kept[240_000:].any()


def test_an_empty_tensor_and_one_element() -> None:
    for method in SPARSE:
        assert merged_deltas(method, np.zeros((2, 0, 4)), weight=1, density=0.5).shape == (0, 4)
    assert_array_equal(merged_deltas("ties", [[2]], weight=1, density=0.01), [2])
    assert_array_equal(merged_deltas("breadcrumbs", [[2]], weight=1, density=0.9), [0])


# chance


@pytest.mark.parametrize("method", RANDOM)
def test_kept_share_and_unbiased_mean(method: str) -> None:
    rng = np.random.default_rng(0)
    n = 1000 * 1024
    deltas = rng.standard_normal((2, 1000, 1024)).astype(np.float32)
    kept = merged_deltas(method, deltas[:1], weight=1, density=0.3, rescale=False, normalize=False) != 0
    assert abs(kept.mean() - 0.3) < 5 * np.sqrt(0.3 * 0.7 / n)
    other = merged_deltas(method, deltas[:1], key=2, weight=1, density=0.3, rescale=False, normalize=False) != 0
    assert abs((kept & other).mean() - 0.09) < (0.001 if "dare" in method else 0.02)  # ranks are common to both
    if "linear" in method:
        streams = [
            merged_deltas(method, deltas, weight=w, density=0.3, rescale=False, normalize=False) != 0
            for w in ([1, 0], [0, 1])
        ]
        assert abs((streams[0] & streams[1]).mean() - 0.09) < 5 * np.sqrt(0.09 * 0.91 / n)
        ones = merged_deltas(method, np.ones((1, 1000, 1024)), weight=1, density=0.3)  # rescaled
        assert_allclose(ones.mean(dtype=np.float64), 1, rtol=1e-6)
        assert_allclose(ones[ones != 0], 1 / 0.3, rtol=5 * np.sqrt(0.7 / 0.3 / n))


@pytest.mark.parametrize("method", RANDOM)
def test_the_norm_is_given_back(method: str) -> None:
    delta = np.random.default_rng(0).standard_normal((200, 300))
    out = merged_deltas(method, [delta], weight=1, density=0.4, normalize=False)
    assert_allclose(np.abs(out).sum(dtype=np.float64), np.abs(np.float32(delta)).sum(dtype=np.float64), rtol=1e-6)


def test_della_keeps_by_rank() -> None:
    delta = np.random.default_rng(1).standard_normal((4000, 100)).astype(np.float32)
    kept = merged_deltas("della_linear", [delta], weight=1, density=0.5, epsilon=0.3, rescale=False) != 0
    by_rank = np.take_along_axis(kept, np.argsort(np.abs(delta), axis=1), axis=1).mean(axis=0)
    assert np.abs(by_rank - np.linspace(0.2, 0.8, 100)).max() < 5 * 0.5 / np.sqrt(4000)


@kernel
def _draw(key: Any, out: Any) -> None:
    for i in range(out.size):
        out[i] = uniform(key, np.uint64(i))


@pytest.mark.parametrize("width", [1, 2, 7, 100, 5000])
@pytest.mark.parametrize("kind", ["normal", "bfloat16", "few levels", "one outlier", "alike", "zeros"])
def test_della_ranks_are_exact(kind: str, width: int) -> None:
    rng = np.random.default_rng(width)
    delta = rng.standard_normal((max(2, 3000 // width), width)).astype(np.float32)
    if kind == "bfloat16":
        delta = (delta.view(np.uint32) & 0xFFFF0000).view(np.float32)
    elif kind == "few levels":
        delta = np.round(delta * 2) / 2
    elif kind == "one outlier":
        delta[:, 0] = 1e30
    elif kind == "alike":
        delta = 1 + delta / 2**16
    elif kind == "zeros":
        delta[rng.random(delta.shape) < 0.7] = 0
    drawn = np.empty(delta.size, np.float32)
    _draw(stream_key(1, 0), drawn)
    size = np.abs(delta)
    n_smaller = (size[:, None, :] < size[:, :, None]).sum(axis=2) if width <= 100 else None
    if n_smaller is None:
        n_smaller = np.array([np.searchsorted(np.sort(row), row) for row in size])
        n_equal = np.array([np.searchsorted(np.sort(row), row, side="right") for row in size]) - n_smaller
    else:
        n_equal = (size[:, None, :] == size[:, :, None]).sum(axis=2)
    rank = (n_smaller + (n_equal - 1) / 2) / (width - 1) if width > 1 else 0.5
    probability = (0.35 + 0.3 * rank).astype(np.float32) if width > 1 else np.float32(0.5)
    undecided = np.abs(drawn.reshape(delta.shape) - probability) < 1e-6  # the last bit of the probability
    kept = merged_deltas("della_linear", [delta], weight=1, density=0.5, epsilon=0.15, rescale=False)
    assert_array_equal(kept[~undecided], np.where(drawn.reshape(delta.shape) < probability, delta, 0)[~undecided])
    assert undecided.mean() < 1e-3


# laws


@pytest.mark.parametrize("method", ["task_arithmetic", *SPARSE, "sce"])
def test_the_contract_with_thin_deltas(method: str) -> None:
    check_merge_method(method, {"task_arithmetic": {"weight": 0.7}, "sce": {"select_topk": 0.4}}.get(method, THIN))


@pytest.mark.parametrize("method", ["dare_linear", "dare_ties", "ties", "breadcrumbs_ties", "sce"])
def test_blocks_do_not_matter(method: str, monkeypatch: pytest.MonkeyPatch) -> None:
    rng = np.random.default_rng(0)
    deltas = rng.integers(-8, 9, (2, 300, 100)) / 64
    parameters = {"select_topk": 0.4} if method == "sce" else {**THIN, "rescale": False}
    first = merged_deltas(method, deltas, **parameters)
    for size in (7, 1000):
        monkeypatch.setattr(_rule, "PIECE_ELEMENTS", size)
        assert_array_equal(first, merged_deltas(method, deltas, **parameters))


@pytest.mark.parametrize("method", ["ties", "breadcrumbs", "breadcrumbs_ties", "sce"])
def test_the_order_of_inputs_does_not_matter(method: str) -> None:
    deltas = np.random.default_rng(0).standard_normal((2, 40, 50))
    parameters = {"select_topk": 0.4} if method == "sce" else {"weight": [0.7, 0.4], "density": [0.3, 0.6]}
    backward = {key: value[::-1] if isinstance(value, list) else value for key, value in parameters.items()}
    assert_array_equal(merged_deltas(method, deltas, **parameters), merged_deltas(method, deltas[::-1], **backward))


@pytest.mark.parametrize("method", ["task_arithmetic", *SPARSE])
def test_one_input_at_weight_one_is_the_result(method: str) -> None:
    rng = np.random.default_rng(0)
    base, tuned = rng.standard_normal((2, 30, 40)).astype(np.float32)
    assert_array_equal(merge_arrays(rule_of(method, 1, weight=1.0), [base, tuned]), tuned)


@pytest.mark.parametrize("method", SPARSE)
@pytest.mark.parametrize("density", [-0.1, 5])
def test_impossible_densities(method: str, density: float) -> None:
    with pytest.raises(RecipeError, match="density"):
        rule_of(method, weight=1.0, density=density)


@pytest.mark.parametrize(
    ("method", "parameters", "message"),
    [
        ("della", {"density": 0.9}, "density 0.9 and epsilon 0.15 give 0.75 to 1.05"),
        ("della_linear", {"density": 0.1}, "density 0.1 and epsilon 0.15 give -0.05 to 0.25"),
        ("della", {"density": 0.5, "epsilon": -0.1}, "epsilon"),
        ("breadcrumbs", {"gamma": 1}, "gamma"),
        ("breadcrumbs_ties", {"gamma": -0.1}, "gamma"),
    ],
)
def test_impossible_parameters(method: str, parameters: dict[str, float], message: str) -> None:
    with pytest.raises(RecipeError, match=message):
        rule_of(method, weight=1.0, **parameters)
