"""Who does what next: the passes over each tensor in order, their units on all threads.

A tensor whose rule has reductions is passed over once for each, and a last time to merge it. The next pass can only
start when all units of the one before are done; meanwhile threads go on with the next tensor.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from math import prod
from typing import Any

import numpy as np

from ..errors import NumericsError
from ..methods import Reduction, Span, Unit, block_elements
from .plan import PlannedTensor
from .room import Bytes

__all__ = ["Job", "Schedule", "Work", "Zeros"]


class Zeros:
    """Arrays of zeros that are used again: those to count into take a MB or two, and new memory costs more than that.

    For any number of threads. There are never more than were in use at once: one too small makes way for a new one.
    """

    def __init__(self) -> None:
        self._free: list[Any] = []
        self._lock = threading.Lock()

    def take(self, shape: tuple[int, ...], dtype: type) -> Any:
        n_bytes = prod(shape) * np.dtype(dtype).itemsize
        with self._lock:
            fits = next((i for i, room in enumerate(self._free) if room.size >= n_bytes), None)
            room = self._free.pop(fits or 0) if self._free else None
        if room is None or fits is None:
            room = np.empty(n_bytes, np.uint8)
        array: Any = room[:n_bytes].view(dtype).reshape(shape)
        array.fill(0)
        return array

    def give_back(self, arrays: Iterable[Any]) -> None:
        with self._lock:
            self._free += [array.base for array in arrays]


class Job:
    """One tensor on its way.

    Args:
        zeros: shared by the jobs of a schedule.
    Attributes:
        known: what the reductions that are over have found.
        reduction: what this pass gathers; None in the last one, which merges.
        kept: what an earlier pass has read of all sources, by the start of a unit.
    """

    def __init__(self, tensor: PlannedTensor, unit_bytes: int, zeros: Zeros | None = None) -> None:
        self.tensor = tensor
        self.known: tuple[Any, ...] = ()
        self.reduction: Reduction | None = None
        self.kept: dict[int, Sequence[Bytes]] = {}
        self._unit_bytes = unit_bytes
        self._zeros = zeros or Zeros()
        self._left = 0
        self._total: Any = None
        self._shares: list[Any] = []

    @property
    def is_first_pass(self) -> bool:
        return not self.known

    def begin_pass(self) -> list[Work]:
        """The units of the next pass."""
        rule, spec = self.tensor.rule, self.tensor.spec
        unit = rule.unit if rule else Unit.ELEMENT
        block = block_elements(spec.shape, unit)
        step = self._unit_bytes // min(form.dtype.n_bytes for form in self.tensor.forms)
        if unit is not Unit.ELEMENT:
            step = max(1, step // block) * block
        n = spec.n_elements
        reduction = self.reduction = rule.next_reduction(self.known) if rule else None
        if reduction is not None and reduction.per_block:
            self._total = np.zeros((-(-n // block), *reduction.shape), reduction.dtype)
        spans = [Span(start, min(start + step, n), spec.shape, self.tensor.key) for start in range(0, n, step)]
        self._left = len(spans)
        return [Work(self, span) for span in spans]

    @contextmanager
    def total(self) -> Iterator[Any]:
        """Where a unit leaves its share: its own places of one array, or an array that is added in the end.

        Such an array is used again by the next unit: there are no more of them than threads.
        """
        reduction = self.reduction
        assert reduction is not None
        if reduction.per_block:
            yield self._total
            return
        try:
            share = self._shares.pop()
        except IndexError:
            share = self._zeros.take(reduction.shape, reduction.dtype)
        yield share
        self._shares.append(share)

    def finish_unit(self) -> bool:
        """Whether another pass can begin now."""
        self._left -= 1
        reduction = self.reduction
        if self._left or reduction is None:
            return False
        total, *others = [self._total] if reduction.per_block else self._shares
        for share in others:
            total += share
        try:
            self.known = (*self.known, reduction.finish(total, self.known))
        except ValueError as e:
            raise NumericsError(f"merging '{self.tensor.spec.name}': {e}", cure="change the method's parameters") from e
        self._zeros.give_back(self._shares)
        self._shares.clear()
        self._total = None
        return True


@dataclass(frozen=True)
class Work:
    """A range of one tensor that one thread works on at a time."""

    job: Job
    span: Span


class Schedule:
    """Hands out work until all of it is done: first what the tensors at hand still need, then the next tensor."""

    def __init__(self, jobs: Iterable[Job]) -> None:
        self._jobs = iter(jobs)
        self._ready: deque[Work] = deque()
        self._n_running = 0
        self._stopped = False
        self._bytes_read = 0
        self._changed = threading.Condition()

    def take(self) -> Work | None:
        """The next unit, waiting for one if others must finish first; None when there will be none."""
        with self._changed:
            while not self._stopped:
                if self._ready:
                    self._n_running += 1
                    return self._ready.popleft()
                if (job := next(self._jobs, None)) is not None:
                    self._ready.extend(self._begin_pass(job))
                elif self._n_running:
                    self._changed.wait()
                else:
                    break
            return None

    def done(self, work: Work) -> None:
        """Tell that a unit is finished."""
        with self._changed:
            self._n_running -= 1
            if work.job.finish_unit():
                self._ready.extendleft(reversed(self._begin_pass(work.job)))
            self._changed.notify_all()

    @property
    def bytes_read(self) -> int:
        """Of the passes that have begun."""
        return self._bytes_read

    def _begin_pass(self, job: Job) -> list[Work]:
        self._bytes_read += sum(s.tensor.n_bytes for s in job.tensor.sources)
        return job.begin_pass()

    def stop(self) -> None:
        """Hand out nothing more."""
        with self._changed:
            self._stopped = True
            self._changed.notify_all()
