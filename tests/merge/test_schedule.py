"""Passes in order, units on any thread, and what a rule must know before it starts."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from mergealign.check.match import Source
from mergealign.checkpoint.dtypes import DTYPES
from mergealign.checkpoint.header import Tensor, TensorSpec
from mergealign.errors import NumericsError
from mergealign.merge.plan import PlannedTensor
from mergealign.merge.schedule import Job, Schedule, Work, Zeros
from mergealign.methods import Block, BlockRule, Reduction, Unit

MIB = 1 << 20


@dataclass(frozen=True)
class Counting(BlockRule):
    """Two passes, then the merge."""

    unit: Unit = Unit.ELEMENT  # type: ignore[misc]
    fails: bool = False

    @property
    def reductions(self) -> tuple[Reduction, ...]:
        return Reduction((1,), _one, self._total), Reduction((2,), _one, lambda t, _: t, np.int64, per_block=False)

    def _total(self, total: Any, _known: Sequence[Any]) -> Any:
        if self.fails:
            raise ValueError("there is no answer")
        return total

    def merge(self, block: Block, known: Sequence[Any], out: Any) -> None:
        raise NotImplementedError


def _one(_block: Block, _known: Sequence[Any], total: Any) -> None:
    total += 1


def planned(shape: tuple[int, ...], rule: Any) -> PlannedTensor:
    spec = TensorSpec("w", DTYPES["F32"], shape)
    return PlannedTensor(spec, (Source("base", Tensor("w", DTYPES["F32"], shape, Path("f"), 0)),), rule)


def run(schedule: Schedule, n_threads: int) -> list[tuple[int, int, int]]:
    """(pass, start, stop) of everything that was handed out; every unit adds one to its share."""
    seen: list[tuple[int, int, int]] = []

    def work() -> None:
        while (unit := schedule.take()) is not None:
            seen.append((len(unit.job.known), unit.span.start, unit.span.stop))
            if unit.job.reduction is not None:
                with unit.job.total() as total:
                    if unit.job.reduction.per_block:
                        total[unit.span.start // 65536] += 1
                    else:
                        total += 1
            schedule.done(unit)

    threads = [threading.Thread(target=work) for _ in range(n_threads)]
    for t in threads:
        t.start()
    for t in threads:
        t.join()
    return seen


@pytest.mark.parametrize("n_threads", [1, 2, 8])
def test_passes_follow_each_other_and_cover_everything(n_threads: int) -> None:
    job = Job(planned((3, 300_000), Counting()), MIB)
    seen = run(Schedule([job]), n_threads)
    for number in range(3):
        spans = sorted((a, b) for n, a, b in seen if n == number)
        assert spans[0][0] == 0
        assert spans[-1][1] == 900_000
        assert all(one[1] == other[0] for one, other in pairwise(spans))
    assert [n for n, _, _ in seen] == sorted(n for n, _, _ in seen)
    first, second = job.known
    assert first.shape == (14, 1)
    assert second.tolist() == [4, 4]  # four units of 2^18 elements


def test_rows_and_matrices_are_not_cut() -> None:
    rows = Job(planned((1000, 999), Counting(unit=Unit.ROW)), MIB).begin_pass()
    assert all(w.span.start % 999 == 0 and w.span.stop % 999 == 0 for w in rows)
    assert len(rows) > 1
    (whole,) = Job(planned((1000, 999), Counting(unit=Unit.MATRIX)), MIB).begin_pass()
    assert (whole.span.start, whole.span.stop) == (0, 999_000)


def test_other_tensors_go_on_while_a_pass_waits() -> None:
    jobs = [Job(planned((10,), Counting()), MIB), Job(planned((20,), Counting()), MIB)]
    schedule = Schedule(jobs)
    one, other = schedule.take(), schedule.take()
    assert one is not None
    assert other is not None
    assert (one.job, other.job) == (jobs[0], jobs[1])
    schedule.done(one)
    following = schedule.take()
    assert following is not None
    assert following.job is jobs[0]
    assert following.job.reduction is not None


def test_an_empty_tensor_is_no_work() -> None:
    assert run(Schedule([Job(planned((0, 5), Counting()), MIB)]), 2) == []


def test_a_rule_without_an_answer_names_the_tensor() -> None:
    schedule = Schedule([Job(planned((10,), Counting(fails=True)), MIB)])
    unit = schedule.take()
    assert isinstance(unit, Work)
    with pytest.raises(NumericsError, match="merging 'w': there is no answer"):
        schedule.done(unit)


def test_stop_ends_the_waiting() -> None:
    schedule = Schedule([Job(planned((10,), Counting()), MIB)])
    assert schedule.take() is not None
    waiting = threading.Thread(target=schedule.take)
    waiting.start()
    schedule.stop()
    waiting.join(timeout=10)
    assert not waiting.is_alive()


def test_zeros_are_used_again_as_zeros() -> None:
    zeros = Zeros()
    first, second = (zeros.take((2, 3), np.int64) for _ in range(2))
    assert first is not second
    first += 7
    zeros.give_back([first, second])
    again = [zeros.take((2, 3), np.int64) for _ in range(3)]
    assert {id(first.base), id(second.base)} == {id(array.base) for array in again[:2]}
    assert all((array == 0).all() and array.shape == (2, 3) for array in again)
    assert zeros.take((2, 3), np.float64).dtype == np.float64
    zeros.give_back(again)
    assert zeros.take((5,), np.int64).base in [array.base for array in again]  # a part of a larger one


def test_arrays_that_grow_are_not_all_kept() -> None:
    zeros = Zeros()
    for n in range(1, 21):
        zeros.give_back([zeros.take((n, 100), np.int64)])
    assert sum(room.size for room in zeros._free) == 20 * 100 * 8
