"""The engine: same bits for any threads and blocks, exact copies, digests, and errors that name the tensor."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from mergealign.checkpoint.digest import PIECE_BYTES, weights_digest, weights_digest_of_folder
from mergealign.errors import CheckpointError, NumericsError
from mergealign.merge.plan import MergePlan, PlannedTensor, make_plan
from mergealign.merge.room import Bytes
from mergealign.merge.stream import Digests, SinkInMemory, stream
from mergealign.recipe.merge import ROLES, MergeRecipe, Models

from ..conftest import SHAPES, random_tensors, write_model

Family = Callable[..., dict[str, Path]]


class MemorySink:
    """A Sink that keeps the bytes and checks that each comes exactly once."""

    def __init__(self, plan: MergePlan) -> None:
        self.data = {t.spec.name: np.zeros(t.spec.n_bytes, np.uint8) for t in plan.tensors}
        self.seen = {t.spec.name: np.zeros(t.spec.n_bytes, np.uint8) for t in plan.tensors}

    def write(self, tensor: PlannedTensor, offset: int, data: memoryview) -> None:
        self.data[tensor.spec.name][offset : offset + len(data)] = data
        self.seen[tensor.spec.name][offset : offset + len(data)] += 1


class InPlaceSink(MemorySink):
    """A Sink in memory: counts what is placed as seen."""

    def place(self, tensor: PlannedTensor, offset: int, n_bytes: int) -> Bytes | None:
        if tensor.spec.name == "d":
            return None
        self.seen[tensor.spec.name][offset : offset + n_bytes] += 1
        return self.data[tensor.spec.name][offset : offset + n_bytes]


def plan_of(folders: dict[str, Path], dtype: Any = None, method: str = "mergealign", **parameters: float) -> MergePlan:
    models = Models(**{role: str(folder) for role, folder in folders.items()})
    return make_plan(MergeRecipe(models=models, method=method, parameters=parameters, dtype=dtype))


def run(plan: MergePlan, threads: int = 2, **options: Any) -> tuple[MemorySink, Digests]:
    sink = MemorySink(plan)
    digests = stream(plan, sink, threads=threads, **options)
    assert all((seen == 1).all() for seen in sink.seen.values())
    return sink, digests


@pytest.fixture(scope="module")
def large(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Tensors of several pieces, odd sizes, one empty, dtypes mixed between models."""
    shapes = {"a": (1021, 1031), "b": (7,), "c": (0, 4), "d": (3, 1 << 19)}
    root = tmp_path_factory.mktemp("large")
    dtypes = {"base": "bfloat16", "domain": "float32", "aligned": "float16"}
    return {
        role: write_model(root / role, random_tensors(seed, dtypes[role], shapes), shards=1 + seed)
        for seed, role in enumerate(ROLES)
    }


def test_same_bits_for_any_threads_and_blocks(large: dict[str, Path]) -> None:
    plan = plan_of(large, domain_weight=0.9, alignment_weight=1.1)
    first, digests = run(plan, threads=1)
    for threads, pieces in ((2, 1), (3, 2), (8, 3), (1, 100)):
        other, other_digests = run(plan, threads=threads, unit_bytes=pieces * PIECE_BYTES)
        assert other_digests == digests
        for name, data in first.data.items():
            np.testing.assert_array_equal(other.data[name], data)


@pytest.mark.parametrize("weights", [(0.9, 1.1), (1, 0)])
def test_results_are_computed_where_a_sink_in_memory_wants_them(
    large: dict[str, Path], weights: tuple[float, float]
) -> None:
    """One tensor has no place, and what is copied byte for byte needs none: each byte comes once, digests are equal."""
    plan = plan_of(large, domain_weight=weights[0], alignment_weight=weights[1])
    written, digests = run(plan)
    placed = InPlaceSink(plan)
    assert isinstance(placed, SinkInMemory)
    assert not isinstance(written, SinkInMemory)
    assert stream(plan, placed, threads=2) == digests
    for name, data in written.data.items():
        np.testing.assert_array_equal(placed.data[name], data)
        assert (placed.seen[name] == 1).all()


def test_digests_are_those_of_the_folders(large: dict[str, Path]) -> None:
    _, digests = run(plan_of(large))
    for role in ROLES:
        assert weights_digest(digests.inputs[role]) == weights_digest_of_folder(large[role])


def test_against_float64_torch(large: dict[str, Path]) -> None:
    """Another implementation of the formula: float64 torch, rounded through torch."""
    import torch
    from safetensors.torch import load_file

    sink, _ = run(plan_of(large, "float32", domain_weight=0.75, alignment_weight=-0.5))
    models = [{n: t.double() for f in large[r].glob("*.safetensors") for n, t in load_file(f).items()} for r in ROLES]
    for name in ("a", "b", "d"):
        b, d, a = (m[name] for m in models)
        expected = (b + 0.75 * (d - b) - 0.5 * (a - b)).to(torch.float32).numpy()
        np.testing.assert_array_equal(sink.data[name].view(np.float32), expected.ravel())


@pytest.mark.parametrize(("weights", "role"), [((1, 0), "domain"), ((0, 1), "aligned"), ((0, 0), "base")])
def test_one_model_alone_is_copied_byte_for_byte(family: Family, weights: tuple[float, float], role: str) -> None:
    folders = family()
    plan = plan_of(folders, domain_weight=weights[0], alignment_weight=weights[1])
    assert all(t.copies == ROLES.index(role) for t in plan.tensors)  # type: ignore[arg-type]
    _, digests = run(plan)
    assert weights_digest(digests.output) == weights_digest_of_folder(folders[role])


@pytest.mark.parametrize("dtype", ["bfloat16", "float16", "float32"])
def test_one_model_alone_is_cast_where_dtypes_differ(family: Family, dtype: str) -> None:
    import torch

    folders = family(domain={"dtype": "float32"})
    sink, _ = run(plan_of(folders, dtype, domain_weight=1, alignment_weight=0))
    for name, tensor in random_tensors(1, "float32").items():
        bits = tensor.to(getattr(torch, dtype)).view(torch.uint8).numpy().ravel()
        np.testing.assert_array_equal(sink.data[name], bits)


def test_default_dtype_is_per_tensor_the_bases(family: Family) -> None:
    import torch

    plan = plan_of(family(base={"tensors": {"model.norm.weight": torch.ones(32)}}))
    assert {t.spec.name: t.spec.dtype.name for t in plan.tensors} == {
        n: "F32" if n == "model.norm.weight" else "BF16" for n in SHAPES
    }


def test_integers_are_copied(family: Family) -> None:
    import torch

    ids: Any = {"tensors": {"position_ids": torch.arange(9), "flag": torch.tensor([True, False, True])}}
    sink, _ = run(plan_of(family(base=ids, domain=ids, aligned=ids), "float32"))
    np.testing.assert_array_equal(sink.data["position_ids"].view(np.int64), np.arange(9))
    np.testing.assert_array_equal(sink.data["flag"], [1, 0, 1])


@pytest.mark.parametrize("role", ROLES)
@pytest.mark.parametrize("weights", [(1, 1), (1, 0), (0, 0)])
@pytest.mark.parametrize("bad", [float("nan"), float("inf")])
def test_non_finite_weights_name_model_and_tensor(
    family: Family, role: str, weights: tuple[int, int], bad: float
) -> None:
    name = "model.norm.weight"  # not a matrix, so not in the sample that is checked before
    tensor = random_tensors(0)[name]
    tensor[5] = bad
    plan = plan_of(family(**{role: {"tensors": {name: tensor}}}), domain_weight=weights[0], alignment_weight=weights[1])
    with pytest.raises(NumericsError, match=f"'{name}' of {role} holds NaN or infinity"):
        run(plan)


@pytest.mark.parametrize("role", ROLES)
@pytest.mark.parametrize("bad", [float("nan"), float("inf")])
@pytest.mark.parametrize("method", ["model_stock", "multislerp", "nuslerp"])
def test_non_finite_weights_show_in_inner_products(family: Family, method: str, role: str, bad: float) -> None:
    name = "model.norm.weight"
    tensor = random_tensors(0)[name]
    tensor[5] = bad
    parameters = {} if method == "model_stock" else {"weight": 1.0}
    plan = plan_of(family(**{role: {"tensors": {name: tensor}}}), method=method, **parameters)
    with pytest.raises(NumericsError, match=f"'{name}' of {role} holds NaN or infinity"):
        run(plan)


@pytest.mark.parametrize("method", ["model_stock", "nuslerp", "ties"])
def test_a_broken_number_in_another_unit_is_no_overflow(tmp_path: Path, method: str) -> None:
    """Inner products carry it into the first unit that is merged."""
    tensors = [random_tensors(seed, "bfloat16", {"a": (1021, 1031)}) for seed in range(3)]
    tensors[1]["a"].view(-1)[800_000] = float("nan")  # where no sample is taken beforehand
    folders = {role: write_model(tmp_path / role, t) for role, t in zip(ROLES, tensors, strict=True)}
    parameters = {} if method == "model_stock" else {"weight": 1.0}
    plan = plan_of(folders, method=method, **parameters)
    with pytest.raises(NumericsError, match="'a' of domain holds NaN or infinity"):
        run(plan, threads=1)


@pytest.mark.parametrize("role", ["base", "domain"])
@pytest.mark.parametrize("bad", [float("nan"), float("inf")])
def test_non_finite_weights_show_in_nearswap(family: Family, role: str, bad: float) -> None:
    name = "model.norm.weight"
    tensor = random_tensors(0)[name]
    tensor[5] = bad
    folders = family(**{role: {"tensors": {name: tensor}}})
    plan = plan_of({r: folders[r] for r in ("base", "domain")}, method="nearswap", t=0.01)
    with pytest.raises(NumericsError, match=f"'{name}' of {role} holds NaN or infinity"):
        run(plan)


def test_a_model_that_is_not_chosen_must_be_finite_too(family: Family) -> None:
    name = "model.norm.weight"
    folders = family(aligned={"tensors": {name: random_tensors(0)[name] * float("nan")}})
    with pytest.raises(NumericsError, match="of aligned holds NaN"):
        run(plan_of(folders, "float16", domain_weight=1, alignment_weight=0))


def test_overflow_is_told_from_bad_input(family: Family) -> None:
    big: Any = {"tensors": {"model.norm.weight": random_tensors(0)["model.norm.weight"] * 0 + 60000}}
    plan = plan_of(family(domain=big, aligned=big), "float16")
    with pytest.raises(NumericsError, match=r"merging 'model\.norm\.weight' overflows float16"):
        run(plan)


def test_an_input_cut_after_planning_is_an_error(family: Family) -> None:
    folders = family()
    plan = plan_of(folders)
    file = folders["domain"] / "model.safetensors"
    file.write_bytes(file.read_bytes()[:-100])
    with pytest.raises(CheckpointError, match=r"domain/model\.safetensors was changed .* tensor '"):
        run(plan)


def test_progress_adds_up(large: dict[str, Path]) -> None:
    seen: list[int] = []
    plan = plan_of(large)
    run(plan, progress=seen.append)
    assert sum(seen) == plan.bytes_read + plan.bytes_written
    assert plan.bytes_written == plan.n_parameters * 2


@pytest.mark.parametrize("digest", [True, False])
def test_bytes_read_are_those_of_the_passes_that_were_made(large: dict[str, Path], digest: bool) -> None:
    seen: list[int] = []
    plan = plan_of(large, method="ties", weight=1, density=0.5)
    _, digests = run(plan, digest=digest, progress=seen.append)
    once = sum(s.tensor.n_bytes for t in plan.tensors for s in t.sources)
    assert sum(seen) == digests.bytes_read + plan.bytes_written
    assert once < digests.bytes_read <= plan.bytes_read == 4 * once


def test_a_failing_sink_stops_all_threads(large: dict[str, Path]) -> None:
    calls = []

    class Full:
        def write(self, tensor: PlannedTensor, offset: int, data: memoryview) -> None:
            calls.append((tensor, offset, len(data)))
            raise OSError(28, "No space left on device")

    with pytest.raises(OSError, match="No space"):
        stream(plan_of(large), Full(), threads=3)
    assert len(calls) <= 3
