"""What one pass has read is kept for the next: as far as there is room, with the same result."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from mergealign.checkpoint.header import Tensor
from mergealign.checkpoint.read import TensorReader
from mergealign.merge.room import Room
from mergealign.methods import Unit

from .test_stream import large, plan_of, run

__all__ = ["large"]

MIB = 1 << 20


def test_buffers_are_used_again_and_never_exceed_the_room() -> None:
    room = Room(4 * MIB)
    first = room.take([MIB, MIB, MIB - 5])
    assert first is not None
    assert [b.size for b in first] == [MIB, MIB, MIB - 5]
    assert room.take([MIB, MIB]) is None
    second = room.take([MIB])  # what the refusal had taken was given back
    assert second is not None
    places = {b.ctypes.data for b in (*first, *second)}
    assert len(places) == 4
    room.give_back(first)
    again = room.take([MIB - 1, 700_000, MIB])
    assert again is not None
    assert {b.ctypes.data for b in again} < places


@pytest.mark.parametrize(("n_bytes", "times"), [(1 << 27, 1), (0, 2), (5 * MIB, None)])
@pytest.mark.parametrize("threads", [1, 3])
def test_each_byte_is_read_once_where_there_is_room(
    large: dict[str, Path], n_bytes: int, times: int | None, threads: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    plan = plan_of(large, method="model_stock")
    assert {t.most_passes for t in plan.tensors} == {2}
    assert {t.rule.unit for t in plan.tensors if t.rule} == {Unit.ELEMENT}
    expected, digests = run(plan)
    read: dict[Tensor, int] = {}
    plain = TensorReader.read

    def counted(self: TensorReader, tensor: Tensor, offset: int, out: memoryview) -> None:
        read[tensor] = read.get(tensor, 0) + len(out)
        plain(self, tensor, offset, out)

    monkeypatch.setattr(TensorReader, "read", counted)
    monkeypatch.setattr("mergealign.merge.stream.Room", lambda: Room(n_bytes))
    found, again = run(plan, threads=threads)
    assert again == digests
    assert all(np.array_equal(found.data[name], data) for name, data in expected.data.items())
    asked = sum(t.n_bytes for planned in plan.tensors for t in (s.tensor for s in planned.sources))
    total = sum(read.values())
    assert total == times * asked if times else asked < total < 2 * asked
