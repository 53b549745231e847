"""Two checkpoints compared, against torch in float64."""

from __future__ import annotations

import json
import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch

from mergealign.errors import CheckpointError
from mergealign.kernels.differences import PIECE_ELEMENTS
from mergealign.similarity.diff import ModelDiff, TensorDiff, run_diff
from mergealign.similarity.measure import measure
from mergealign.similarity.plan import plan_diff

from ..conftest import random_tensors, write_model

EMBEDDING, Q, NORM, HEAD = (
    "model.embed_tokens.weight",
    "model.layers.0.self_attn.q_proj.weight",
    "model.norm.weight",
    "lm_head.weight",
)
Compare = Callable[..., ModelDiff]


@pytest.fixture
def compare(tmp_path: Path) -> Compare:
    """Write two models, given their tensors and what else `write_model` takes, and compare them."""

    def call(a: dict[str, Any], b: dict[str, Any], a_more: Any = None, b_more: Any = None) -> ModelDiff:
        for name, tensors, more in (("a", a, a_more), ("b", b, b_more)):
            write_model(tmp_path / name, tensors, **(more or {}))
        result = run_diff(plan_diff(str(tmp_path / "a"), str(tmp_path / "b")))
        json.dumps(result.describe(), allow_nan=False)
        return result

    return call


def of(result: ModelDiff, name: str) -> TensorDiff:
    return next(t for t in result.tensors if t.pair.name == name)


def test_norms_against_torch(compare: Compare) -> None:
    a, b = random_tensors(0), random_tensors(1, "float32")
    result = compare(a, b)
    for name in a:
        x, y = a[name].double().flatten(), b[name].double().flatten()
        found = of(result, name).distance
        assert found.relative_norm == pytest.approx(((y - x).norm() / x.norm()).item(), rel=1e-12)
        assert found.cosine == pytest.approx((x @ y / x.norm() / y.norm()).item(), rel=1e-12)
        assert found.largest == (y - x).abs().max().item()
        assert found.n_changed == (x != y).sum().item()
    x, y = (torch.cat([t.double().flatten() for t in m.values()]) for m in (a, b))
    assert result.total.distance.relative_norm == pytest.approx(((y - x).norm() / x.norm()).item(), rel=1e-12)
    assert [g.name for g in result.by_group] == ["embedding", "attention", "mlp", "norm", "head"]
    assert [(g.name, g.n_tensors) for g in result.by_layer] == [("model.layers.0", 3)]
    assert result.dtype_changes == {("bfloat16", "float32"): 6}


def test_a_wider_dtype_changes_the_dtype_and_no_number(compare: Compare) -> None:
    a = random_tensors(0)
    result = compare(a, {n: t.float() for n, t in a.items()})
    assert result.total.distance.n_changed == 0
    assert result.total.distance.cosine == 1.0
    assert result.differs
    assert result.worst(10) == ()


def test_sharding_and_order_are_no_difference(compare: Compare) -> None:
    a = random_tensors(0)
    result = compare(a, dict(reversed(a.items())), b_more={"shards": 3})
    assert not result.differs
    assert result.plan.notes == ("A has 1 weight files, B 3",)


def test_a_stored_tied_head_is_no_difference(compare: Compare) -> None:
    tied = {"config": {"tie_word_embeddings": True}}
    a = random_tensors(0)
    b = {n: t for n, t in a.items() if n != HEAD}
    stored = {**a, HEAD: a[EMBEDDING].clone()}
    for first, second, says in ((stored, b, "of A equals"), (b, stored, "of B equals")):
        result = compare(first, second, tied, tied)
        assert not result.differs
        assert any(says in note for note in result.plan.notes)
    other = compare(a, b, tied, tied)  # a head that is not the embedding
    assert [t.name for t in other.plan.only_a] == [HEAD]
    untied = {"config": {"tie_word_embeddings": False}}
    assert [t.name for t in compare(stored, b, untied, untied).plan.only_a] == [HEAD]


def test_names_and_shapes(compare: Compare) -> None:
    a = random_tensors(0)
    b = {n: t for n, t in random_tensors(0).items() if n != NORM} | {"extra.weight": a[NORM]}
    b[EMBEDDING] = torch.cat([a[EMBEDDING], torch.ones(4, 32, dtype=torch.bfloat16)])
    b[Q] = a[Q][:16].clone()
    result = compare(a, b)
    assert [t.name for t in result.plan.only_a] == [NORM]
    assert [t.name for t in result.plan.only_b] == ["extra.weight"]
    embedding, q = of(result, EMBEDDING), of(result, Q)
    assert embedding.shapes_differ
    assert (embedding.distance.n_elements, embedding.distance.n_changed) == (96 * 32, 0)  # the rows both have
    assert (q.shapes_differ, q.distance.n_elements, q.distance.relative_norm) == (True, 0, None)


def test_worst_first(compare: Compare) -> None:
    a = random_tensors(0, "float32")
    zero = {**a, "extra.bias": torch.zeros(8)}
    b = {**zero, Q: a[Q] * 1.5, NORM: a[NORM] * 1.1, HEAD: a[HEAD] * 2.0, "extra.bias": torch.ones(8)}
    result = compare(zero, b)
    assert [t.pair.name for t in result.worst(3)] == ["extra.bias", HEAD, Q]
    assert len(result.worst(10)) == 4
    assert result.worst(0) == ()


def test_nan_and_infinity_are_reported_by_tensor(compare: Compare) -> None:
    a, b = random_tensors(0), random_tensors(1)
    b[Q][3, 5], b[Q][0, 0] = math.nan, math.inf
    result = compare(a, b)
    assert [t.pair.name for t in result.non_finite] == [Q]
    bad = of(result, Q).distance
    assert (bad.n_non_finite_a, bad.n_non_finite_b, bad.relative_norm, bad.cosine) == (0, 2, None, None)
    assert bad.describe()["largest"] is None
    assert result.worst(1)[0].pair.name == Q
    assert result.total.distance.relative_norm is not None
    same = compare(b, b)
    assert not same.differs
    assert same.total.distance.n_non_finite_a == 2


def test_integers_are_compared_by_bytes(compare: Compare) -> None:
    ids = torch.arange(10)
    other = ids.clone()
    other[[2, 7]] += 256
    a = {**random_tensors(0), "x.ids": ids, "x.mask": torch.ones(5, dtype=torch.bool), "x.small": ids.clone()}
    b = {**random_tensors(0), "x.ids": other, "x.mask": torch.ones(5, dtype=torch.bool), "x.small": ids.int()}
    result = compare(a, b)
    assert of(result, "x.ids").distance.n_changed == 2
    assert of(result, "x.ids").distance.relative_norm is None
    assert of(result, "x.mask").distance.n_changed == 0
    assert of(result, "x.small").distance.n_elements == 0  # another dtype, reported as that
    assert [t.pair.name for t in result.worst(9)] == ["x.ids"]


def test_settings(compare: Compare) -> None:
    more = {
        "config": {"rope_theta": 5e5, "transformers_version": "5"},
        "files": {"generation_config.json": {"top_k": 5}},
    }
    result = compare(random_tensors(0), random_tensors(0), b_more=more)
    assert [s.describe() for s in result.plan.config] == [{"key": "rope_theta", "b": 5e5}]
    assert [s.key for s in result.plan.generation] == ["top_k"]
    assert ["transformers_version" in n for n in result.plan.notes] == [True]
    assert result.differs


def test_provenance_alone_is_no_difference(compare: Compare) -> None:
    assert not compare(random_tensors(0), random_tensors(0), b_more={"config": {"_name_or_path": "x"}}).differs


def test_the_result_does_not_depend_on_threads_blocks_or_units(tmp_path: Path) -> None:
    shapes = {"x.weight": (5 * PIECE_ELEMENTS + 321,), "y.weight": (3,), "z.weight": (0, 4)}
    for seed, name in enumerate("ab"):
        write_model(tmp_path / name, random_tensors(seed, "float32", shapes))
    pairs = plan_diff(str(tmp_path / "a"), str(tmp_path / "b")).pairs
    read: list[int] = []
    usual = measure(pairs, threads=2, progress=read.append)
    assert sum(read) == sum(p.n_bytes for p in pairs) == 2 * 4 * (5 * PIECE_ELEMENTS + 321 + 3)
    for threads, block, unit in ((1, 1, 1), (3, 2, 4), (2, 1, 3), (1, 8, 8)):
        sizes = {"block_elements": block * PIECE_ELEMENTS, "unit_elements": unit * PIECE_ELEMENTS}
        assert [repr(d) for d in measure(pairs, threads=threads, **sizes)] == [repr(d) for d in usual]


def test_problems_of_both_sides_are_told_together(tmp_path: Path) -> None:
    for name in "ab":
        write_model(tmp_path / name, random_tensors(0))
        (tmp_path / name / "model.safetensors").write_bytes(b"short")
    with pytest.raises(CheckpointError) as caught:
        plan_diff(str(tmp_path / "a"), str(tmp_path / "b"))
    assert [p.what.partition(":")[0] for p in caught.value.problems] == ["A", "B"]
