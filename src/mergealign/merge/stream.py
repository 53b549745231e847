"""Read, merge, digest, write: block by block, on all cores, in little memory.

Each thread takes the next unit of work (a range of elements of one tensor), fills its own buffers with positioned
reads, runs the rule without the GIL, digests inputs and result while they are in the cache, and hands the result to the
sink. Threads therefore overlap reading, computing and writing, and memory is a few MiB per thread at any model size.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import FIRST_EXCEPTION, ThreadPoolExecutor, wait
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np

from ..checkpoint.digest import PIECE_BYTES, PieceDigests, TensorDigest, tensor_digest
from ..checkpoint.read import TensorReader
from ..errors import NumericsError
from ..kernels.linear import all_finite
from ..recipe.merge import ROLES, Role
from .plan import MergePlan, PlannedTensor

__all__ = ["Digests", "Sink", "stream"]


class Sink(Protocol):
    """Where merged bytes go. Called by many threads, each range of each tensor once."""

    def write(self, tensor: PlannedTensor, offset: int, data: memoryview) -> None:
        """Take `data` (bytes), which belongs at byte `offset` of the tensor."""


@dataclass(frozen=True)
class Digests:
    """The digest of each tensor of each input (those left out of the merge included) and of the output."""

    inputs: Mapping[Role, tuple[TensorDigest, ...]]
    output: tuple[TensorDigest, ...]


@dataclass(frozen=True)
class _Unit:
    """A range of elements of one tensor that one thread works on at a time."""

    tensor: PlannedTensor
    start: int
    stop: int
    digests: tuple[PieceDigests, ...]  # of the sources, then of the result; none if digests are not wanted


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
        unit_bytes: bytes of the narrowest number format in one unit of work, a multiple of PIECE_BYTES.
        digest: False leaves all digests out (for measuring what they cost).
        progress: told the bytes read and written as they pass.
    Raises:
        NumericsError: naming tensor and model, for NaN or infinity.
        CheckpointError: an input cannot be read.
    """
    jobs = [(t, tuple(PieceDigests(x.n_bytes) for x in t.forms) if digest else ()) for t in plan.tensors]
    units = (
        _Unit(tensor, start, min(start + step, tensor.spec.n_elements), digests)
        for tensor, digests in jobs
        for step in [unit_bytes // min(form.dtype.n_bytes for form in tensor.forms)]
        for start in range(0, tensor.spec.n_elements, step)
    )
    with TensorReader() as reader:
        _run(units, lambda: _Worker(reader, sink, progress), threads)
        if not digest:
            return Digests(dict.fromkeys(ROLES, ()), ())
        inputs = {
            role: (
                *(TensorDigest(t.spec.name, t.sources[i].dtype, t.spec.shape, d[i].hexdigest()) for t, d in jobs),
                *(tensor_digest(reader, t) for t in plan.dropped[role]),
            )
            for i, role in enumerate(ROLES)
        }
    output = tuple(TensorDigest(t.spec.name, t.spec.dtype, t.spec.shape, d[-1].hexdigest()) for t, d in jobs)
    return Digests(inputs, output)


def _run(units: Iterator[_Unit], new_worker: Callable[[], _Worker], threads: int) -> None:
    """Let `threads` workers share `units`; the first error, or Ctrl-C, stops them all."""
    lock = threading.Lock()
    stop = threading.Event()

    def work() -> None:
        worker = new_worker()
        while not stop.is_set():
            with lock:
                unit = next(units, None)
            if unit is None:
                return
            worker(unit)

    with ThreadPoolExecutor(threads) as pool:
        running = []
        try:
            for _ in range(threads):
                running.append(pool.submit(work))  # noqa: PERF401 - a signal in between must reach `finally`
            wait(running, return_when=FIRST_EXCEPTION)
        finally:
            stop.set()
    for future in running:
        future.result()


class _Worker:
    """One thread's buffers, and what it does with a unit."""

    def __init__(self, reader: TensorReader, sink: Sink, progress: Callable[[int], None] | None) -> None:
        self._reader = reader
        self._sink = sink
        self._progress = progress
        self._buffers = [np.empty(0, np.uint8) for _ in (*ROLES, "output")]

    def _buffer(self, i: int, n_bytes: int) -> np.ndarray[Any, np.dtype[np.uint8]]:
        if self._buffers[i].size < n_bytes:
            self._buffers[i] = np.empty(n_bytes, np.uint8)
        return self._buffers[i][:n_bytes]

    def __call__(self, unit: _Unit) -> None:
        tensor, n = unit.tensor, unit.stop - unit.start
        blocks = []
        for i, source in enumerate(tensor.sources):
            block = self._buffer(i, n * source.dtype.n_bytes)
            self._reader.read(source, unit.start * source.dtype.n_bytes, block.data)
            blocks.append(block)
        if tensor.rule is not None and tensor.rule.selects is not None:
            self._check_inputs(tensor, blocks)  # the rule will look at one of them only
        out = self._merge(tensor, blocks, n) if tensor.copies is None else blocks[tensor.copies]
        offset = unit.start * tensor.spec.dtype.n_bytes
        if unit.digests:
            for digests, form, block in zip(unit.digests, tensor.forms, (*blocks, out), strict=True):
                digests.add(unit.start * form.dtype.n_bytes, block.data)
        self._sink.write(tensor, offset, out.data)
        if self._progress:
            self._progress(sum(map(len, blocks)) + len(out))

    def _merge(self, tensor: PlannedTensor, blocks: list[Any], n: int) -> Any:
        assert tensor.rule is not None
        out = self._buffer(len(blocks), n * tensor.spec.dtype.n_bytes)
        views = [s.dtype.view(b) for b, s in zip(blocks, tensor.sources, strict=True)]
        if not tensor.rule.apply(views, tensor.spec.dtype.view(out)):
            self._check_inputs(tensor, blocks)
            raise NumericsError(
                f"merging '{tensor.spec.name}' overflows {tensor.spec.dtype.torch_name}",
                cure="use --dtype bfloat16 or float32, or smaller weights",
            )
        return out

    def _check_inputs(self, tensor: PlannedTensor, blocks: list[Any]) -> None:
        for role, source, block in zip(ROLES, tensor.sources, blocks, strict=True):
            if not all_finite(source.dtype.view(block)):
                raise NumericsError(
                    f"'{tensor.spec.name}' of {role} holds NaN or infinity ({source.file})",
                    cure="the checkpoint is broken: download or train it again",
                )
