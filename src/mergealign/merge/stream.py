"""Read, merge, digest, write: range by range, on all cores, in little memory.

Each thread takes the next unit of work (a range of elements of one tensor), fills its own buffers with positioned
reads, runs the rule without the GIL, digests inputs and result while they are in the cache, and hands the result to the
sink (or computes it where a sink in memory wants it). Threads therefore overlap reading, computing and writing, and
memory is a few MiB per thread at any model size.

A rule that must know something of the whole tensor first (its reductions) makes the engine pass over that tensor more
than once; `schedule.py` puts the passes in order, and `room.py` keeps what was read for the next pass as far as there
is room. The inputs are digested in the first pass, the result in the last.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import FIRST_EXCEPTION, ThreadPoolExecutor, wait
from dataclasses import dataclass
from typing import Any, Protocol, runtime_checkable

import numpy as np

from ..check.match import Source
from ..checkpoint.digest import PIECE_BYTES, PieceDigests, TensorDigest, tensor_digest
from ..checkpoint.header import Tensor
from ..checkpoint.read import TensorReader
from ..errors import NumericsError
from ..kernels.linear import all_finite
from ..methods import reduce_span
from .plan import MergePlan, PlannedTensor
from .room import Bytes, Room
from .schedule import Job, Schedule, Work, Zeros

__all__ = ["Digests", "Sink", "SinkInMemory", "stream"]


class Sink(Protocol):
    """Where merged bytes go. Called by many threads, each range of each tensor once."""

    def write(self, tensor: PlannedTensor, offset: int, data: memoryview) -> None:
        """Take `data` (bytes), which belongs at byte `offset` of the tensor."""


@runtime_checkable
class SinkInMemory(Sink, Protocol):
    """A Sink whose bytes are in memory: results are computed where they belong, and not written any more."""

    def place(self, tensor: PlannedTensor, offset: int, n_bytes: int) -> Bytes | None:
        """Where `n_bytes` bytes from byte `offset` of the tensor belong, aligned for its dtype; None: write them."""


@dataclass(frozen=True)
class Digests:
    """The digest of each tensor of each input (those left out of the merge included) and of the output.

    Attributes:
        bytes_read: by the merge, in all passes that were made; what one of them kept for the next counts, too.
    """

    inputs: Mapping[str, tuple[TensorDigest, ...]]
    output: tuple[TensorDigest, ...]
    bytes_read: int


def stream(
    plan: MergePlan,
    sink: Sink,
    *,
    threads: int,
    unit_bytes: int = PIECE_BYTES,
    digest: bool = True,
    progress: Callable[[int], None] | None = None,
) -> Digests:
    """Merge everything in `plan` into `sink`.

    Args:
        threads: how many work at once.
        unit_bytes: bytes of the narrowest number format in one unit of work, a multiple of PIECE_BYTES; more where a
            rule needs a whole row or matrix.
        digest: False leaves all digests out (for measuring what they cost).
        progress: told the bytes read and written as they pass.
    Raises:
        NumericsError: naming tensor and model, for NaN or infinity.
        CheckpointError: an input cannot be read.
    """
    digests = _Digesting(plan) if digest else None
    zeros, room = Zeros(), Room()
    schedule = Schedule(Job(t, unit_bytes, zeros) for t in plan.tensors)
    with TensorReader() as reader:
        _run(schedule, lambda: _Worker(reader, room, sink, digests, progress), threads)
        return digests.finish(reader, schedule.bytes_read) if digests else Digests({}, (), schedule.bytes_read)


def _run(schedule: Schedule, new_worker: Callable[[], _Worker], threads: int) -> None:
    """Let `threads` workers share the work; the first error, or Ctrl-C, stops them all."""

    def work() -> None:
        worker = new_worker()
        while (unit := schedule.take()) is not None:
            worker(unit)
            schedule.done(unit)

    with ThreadPoolExecutor(threads) as pool:
        running = []
        try:
            for _ in range(threads):
                running.append(pool.submit(work))  # noqa: PERF401 - a signal in between must reach `finally`
            wait(running, return_when=FIRST_EXCEPTION)
        finally:
            schedule.stop()
    for future in running:
        future.result()


class _Digesting:
    """The digests of a merge in the making. A tensor that is read for several tensors of the result counts once.

    What is copied byte for byte has one digest, before and after.
    """

    def __init__(self, plan: MergePlan) -> None:
        self._plan = plan
        self._inputs: dict[Tensor, PieceDigests] = {}
        self._fed: dict[str, list[PieceDigests | None]] = {}  # by each tensor of the result, for each of its sources
        for planned in plan.tensors:
            fed = self._fed[planned.spec.name] = []
            for tensor in (s.tensor for s in planned.sources):
                is_new = tensor not in self._inputs  # a model may be merged with itself
                fed.append(self._inputs.setdefault(tensor, PieceDigests(tensor.n_bytes)) if is_new else None)
        self._output = {
            t.spec.name: PieceDigests(t.spec.n_bytes) if t.copies is None else self._inputs[t.sources[t.copies].tensor]
            for t in plan.tensors
        }

    def add_inputs(self, planned: PlannedTensor, start: int, blocks: Sequence[Bytes]) -> None:
        for source, digests, block in zip(planned.sources, self._fed[planned.spec.name], blocks, strict=True):
            if digests is not None:
                digests.add(start * source.tensor.dtype.n_bytes, block.data)

    def add_output(self, planned: PlannedTensor, start: int, block: Any) -> None:
        self._output[planned.spec.name].add(start * planned.spec.dtype.n_bytes, block.data)

    def finish(self, reader: TensorReader, bytes_read: int) -> Digests:
        """All digests; what no tensor of the result was made of is read here."""
        inputs = {
            label: tuple(
                TensorDigest(t.name, t.dtype, t.shape, self._inputs[t].hexdigest())
                if t in self._inputs
                else tensor_digest(reader, t)
                for t in model.tensors.values()
            )
            for label, model in self._plan.models.items()
        }
        output = (
            TensorDigest(t.spec.name, t.spec.dtype, t.spec.shape, self._output[t.spec.name].hexdigest())
            for t in self._plan.tensors
        )
        return Digests(inputs, tuple(output), bytes_read)


class _Worker:
    """One thread's buffers, and what it does with a unit of work."""

    def __init__(
        self,
        reader: TensorReader,
        room: Room,
        sink: Sink,
        digests: _Digesting | None,
        progress: Callable[[int], None] | None,
    ) -> None:
        self._reader = reader
        self._room = room
        self._sink = sink
        self._memory = sink if isinstance(sink, SinkInMemory) else None  # asked once: it takes 0.1 ms
        self._digests = digests
        self._progress = progress
        self._buffers: list[Any] = []

    def _buffer(self, i: int, n_bytes: int) -> Bytes:
        while len(self._buffers) <= i:
            self._buffers.append(np.empty(0, np.uint8))
        if self._buffers[i].size < n_bytes:
            self._buffers[i] = np.empty(n_bytes, np.uint8)
        buffer: Bytes = self._buffers[i][:n_bytes]
        return buffer

    def __call__(self, unit: Work) -> None:
        tensor = unit.job.tensor
        blocks = self._blocks(unit)
        moved = sum(map(len, blocks))
        if unit.job.is_first_pass:
            if tensor.rule is not None and (tensor.rule.selects is not None or not tensor.rule.shows_nan):
                self._check_inputs(tensor, blocks)
            if self._digests:
                self._digests.add_inputs(tensor, unit.span.start, blocks)
        if unit.job.reduction is not None:
            self._reduce(unit, blocks)
        else:
            place = self._place(unit) if tensor.copies is None else None
            out = self._merge(unit, blocks, place) if tensor.copies is None else blocks[tensor.copies]
            if self._digests and tensor.copies is None:
                self._digests.add_output(tensor, unit.span.start, out)
            if out is not place:
                self._sink.write(tensor, unit.span.start * tensor.spec.dtype.n_bytes, out.data)
            moved += len(out)
            self._room.give_back(unit.job.kept.pop(unit.span.start, ()))
        if self._progress:
            self._progress(moved)

    def _blocks(self, unit: Work) -> Sequence[Bytes]:
        """What is stored of all sources: kept by an earlier pass, or read and kept for the next if there is room."""
        job, span = unit.job, unit.span
        if (kept := job.kept.get(span.start)) is not None:
            return kept
        sources = [s.tensor for s in job.tensor.sources]
        sizes = [span.n_elements * t.dtype.n_bytes for t in sources]
        room = self._room.take(sizes) if job.reduction is not None else None
        blocks = [self._buffer(i, size) for i, size in enumerate(sizes)] if room is None else room
        for tensor, block in zip(sources, blocks, strict=True):
            self._reader.read(tensor, span.start * tensor.dtype.n_bytes, block.data)
        if room is not None:
            job.kept[span.start] = room
        return blocks

    def _reduce(self, unit: Work, blocks: Sequence[Bytes]) -> None:
        rule, reduction = unit.job.tensor.rule, unit.job.reduction
        assert rule is not None
        assert reduction is not None
        with unit.job.total() as total:
            reduce_span(rule, reduction, self._views(unit.job.tensor, blocks), unit.span, unit.job.known, total)

    def _place(self, unit: Work) -> Bytes | None:
        if self._memory is None:
            return None
        width = unit.job.tensor.spec.dtype.n_bytes
        return self._memory.place(unit.job.tensor, unit.span.start * width, unit.span.n_elements * width)

    def _merge(self, unit: Work, blocks: Sequence[Bytes], place: Bytes | None) -> Bytes:
        tensor = unit.job.tensor
        assert tensor.rule is not None
        dtype = tensor.spec.dtype
        out = self._buffer(len(blocks), unit.span.n_elements * dtype.n_bytes) if place is None else place
        if not tensor.rule.apply(self._views(tensor, blocks), dtype.view(out), unit.span, unit.job.known):
            self._check_all_inputs(tensor)
            raise NumericsError(
                f"merging '{tensor.spec.name}' overflows {dtype.torch_name}",
                cure="use --dtype bfloat16 or float32, or smaller weights",
            )
        return out

    def _check_all_inputs(self, tensor: PlannedTensor) -> None:
        """NaN anywhere in a tensor may show in all of the result, where a rule looks at the whole of it first."""
        for source in tensor.sources:
            for start in range(0, source.tensor.n_bytes, PIECE_BYTES):
                block = self._buffer(0, min(PIECE_BYTES, source.tensor.n_bytes - start))
                self._reader.read(source.tensor, start, block.data)
                self._check_finite(source, block)

    @staticmethod
    def _views(tensor: PlannedTensor, blocks: Sequence[Bytes]) -> list[Any]:
        return [s.tensor.dtype.view(b) for b, s in zip(blocks, tensor.sources, strict=True)]

    def _check_inputs(self, tensor: PlannedTensor, blocks: Sequence[Bytes]) -> None:
        for source, block in zip(tensor.sources, blocks, strict=True):
            self._check_finite(source, block)

    @staticmethod
    def _check_finite(source: Source, block: Bytes) -> None:
        if not all_finite(source.tensor.dtype.view(block)):
            raise NumericsError(
                f"'{source.tensor.name}' of {source.model} holds NaN or infinity ({source.tensor.file})",
                cure="the checkpoint is broken: download or train it again",
            )
