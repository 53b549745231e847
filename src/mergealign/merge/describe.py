"""The plan in words and numbers, for `--dry-run`: what is merged how, and what it will take."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from ..checkpoint.digest import PIECE_BYTES
from ..checkpoint.read import TensorReader
from ..methods import PIECE_ELEMENTS, Unit
from .plan import MergePlan, PlannedTensor
from .room import ROOM_BYTES

__all__ = ["Group", "PlanFacts", "describe"]

_SAMPLE_BYTES = 64 << 20
_COUNTS_BYTES = 1 << 19  # of a histogram of magnitudes, the largest thing that a pass gathers


@dataclass(frozen=True)
class Group:
    """Tensors that are merged alike.

    Attributes:
        example: the first of them.
        parameters: of the method; per-input values in the order of the inputs. None where bytes are copied.
        sources: models, the base first where the method has one.
        dtypes: of the sources, then of the output.
        unit: what a thread must have whole: an element, a row, a matrix.
        most_passes: how often the sources are read at most: some rules find out on the way that a pass is needless.
        byte_copy: the result is one of the sources, byte for byte.
        bytes_read: of all these passes.
    """

    example: str
    n_tensors: int
    n_parameters: int
    parameters: Mapping[str, Any] | None
    sources: tuple[str, ...]
    dtypes: tuple[str, ...]
    unit: str
    most_passes: int
    byte_copy: bool
    bytes_read: int
    bytes_written: int


@dataclass(frozen=True)
class PlanFacts:
    """All that is known before the first tensor is merged.

    Attributes:
        memory_bytes: buffers of all threads at their largest; files in the page cache not counted.
        bytes_read: at most (see `Group.most_passes`).
        read_bytes_per_s: measured on a sample of the inputs, from the page cache where they are in it.
        expected_s: bytes to read and to write at that speed, without arithmetic; None where nothing could be measured.
    """

    recipe: Mapping[str, Any]
    models: Mapping[str, str]
    method: str
    seed: int | None
    groups: tuple[Group, ...]
    n_tensors: int
    n_parameters: int
    bytes_read: int
    bytes_written: int
    memory_bytes: int
    read_bytes_per_s: float | None
    expected_s: float | None
    notes: tuple[str, ...]

    def as_json(self) -> dict[str, Any]:
        """Plain values."""
        return asdict(self)


def describe(plan: MergePlan, threads: int) -> PlanFacts:
    """Gather the facts of a plan; reads a few MiB of the inputs to measure their speed."""
    groups: dict[str, list[PlannedTensor]] = {}
    for t in plan.tensors:
        forms = [f.dtype.name for f in t.forms]
        groups.setdefault(repr((t.parameters, [s.model for s in t.sources], forms, t.copies)), []).append(t)
    speed = _read_speed(plan)
    return PlanFacts(
        recipe=plan.recipe,
        models={label: str(model.folder) for label, model in plan.models.items()},
        method=plan.request.method,
        seed=plan.seed,
        groups=tuple(_group(tensors) for tensors in groups.values()),
        n_tensors=len(plan.tensors),
        n_parameters=plan.n_parameters,
        bytes_read=plan.bytes_read,
        bytes_written=plan.bytes_written,
        memory_bytes=_memory(plan, threads),
        read_bytes_per_s=speed,
        expected_s=(plan.bytes_read + plan.bytes_written) / speed if speed else None,
        notes=plan.notes,
    )


def _group(tensors: list[PlannedTensor]) -> Group:
    first = tensors[0]
    values = first.parameters
    return Group(
        example=first.spec.name,
        n_tensors=len(tensors),
        n_parameters=sum(t.spec.n_elements for t in tensors),
        parameters={**values.shared, **values.per_input} if values is not None else None,
        sources=tuple(s.model for s in first.sources),
        dtypes=tuple(f.dtype.torch_name for f in first.forms),
        unit=(first.rule.unit if first.rule else Unit.ELEMENT).value,
        most_passes=first.most_passes,
        byte_copy=first.copies is not None,
        bytes_read=sum(t.most_passes * s.tensor.n_bytes for t in tensors for s in t.sources),
        bytes_written=sum(t.spec.n_bytes for t in tensors),
    )


def _memory(plan: MergePlan, threads: int) -> int:
    """Buffers of the units that could be in work at once, the largest ones, and what is kept between passes."""
    needs = sorted((_unit_bytes(t) for t in plan.tensors), reverse=True)
    in_work = (
        sum(needs[:threads])
        if any(t.rule and t.rule.unit is Unit.MATRIX for t in plan.tensors)
        else (max(needs, default=0) * threads)
    )
    kept = (sum(s.tensor.n_bytes for s in t.sources) for t in plan.tensors if t.most_passes > 1)
    return in_work + min(ROOM_BYTES, sum(kept))


def _unit_bytes(t: PlannedTensor) -> int:
    """Raw bytes and float32 scratch of one unit of a tensor."""
    n = min(t.spec.n_elements, PIECE_BYTES // min(f.dtype.n_bytes for f in t.forms))
    if t.rule is not None and t.rule.unit is Unit.ROW and t.spec.shape:
        n = max(n, t.spec.shape[-1])
    if t.rule is not None and t.rule.unit is Unit.MATRIX:
        n = t.spec.n_elements
        return sum(f.n_bytes for f in t.forms) + t.rule.scratch_bytes(t.spec.shape)
    counts = _COUNTS_BYTES * len(t.sources) if t.most_passes > 1 else 0
    return n * sum(f.dtype.n_bytes for f in t.forms) + 4 * (len(t.forms) + 1) * min(n, PIECE_ELEMENTS) + counts


def _read_speed(plan: MergePlan) -> float | None:
    """Bytes per second of reading a sample of the largest tensors, a piece of each source in turn."""
    sources = [s.tensor for t in sorted(plan.tensors, key=lambda t: -t.spec.n_elements) for s in t.sources]
    buffer = memoryview(bytearray(PIECE_BYTES))
    done = 0
    started = time.perf_counter()
    with TensorReader() as reader:
        for at in range(0, max((s.n_bytes for s in sources), default=0), PIECE_BYTES):
            for source in sources[:16]:
                n = min(PIECE_BYTES, source.n_bytes - at)
                if n > 0 and done < _SAMPLE_BYTES:
                    reader.read(source, at, buffer[:n])
                    done += n
            if done >= _SAMPLE_BYTES:
                break
    return done / (time.perf_counter() - started) if done else None
