"""The distances of pairs of tensors: read and compared by all threads, in a few MiB per thread."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from math import nan

import numpy as np
import numpy.typing as npt

from ..checkpoint.header import Tensor
from ..checkpoint.read import TensorReader
from ..kernels.differences import PIECE_ELEMENTS, differences
from .distance import Distance
from .plan import Pair

__all__ = ["measure"]

Sums = npt.NDArray[np.float64]  # [pieces, 8], as the kernel writes them

_BLOCK_ELEMENTS = 8 * PIECE_ELEMENTS  # read at a time: 1 MiB of bfloat16 of each side
_UNIT_ELEMENTS = 16 * _BLOCK_ELEMENTS  # what one thread takes


@dataclass(frozen=True)
class _Unit:
    """A range of elements of one pair that one thread compares."""

    pair: Pair
    start: int
    stop: int


def measure(
    pairs: Sequence[Pair],
    *,
    threads: int,
    block_elements: int = _BLOCK_ELEMENTS,
    unit_elements: int = _UNIT_ELEMENTS,
    progress: Callable[[int], None] | None = None,
) -> list[Distance]:
    """The distance of each pair over its first `n_compared` elements, the same for any threads, blocks and units.

    Args:
        block_elements, unit_elements: multiples of PIECE_ELEMENTS.
        progress: told the bytes as they are read.
    Raises:
        CheckpointError: a file cannot be read, or was changed meanwhile.
    """
    units = [
        _Unit(pair, start, min(start + unit_elements, pair.n_compared))
        for pair in pairs
        for start in range(0, pair.n_compared, unit_elements)
    ]
    totals = {pair.name: _Total(pair) for pair in pairs}
    with TensorReader() as reader, ThreadPoolExecutor(threads) as pool:

        def work(unit: _Unit) -> Sums:
            return np.concatenate([*_sums(reader, unit, block_elements, progress)])

        try:
            for unit, sums in zip(units, pool.map(work, units), strict=True):
                totals[unit.pair.name].add(sums)
        finally:  # after an error, or Ctrl-C, what has not begun does not begin
            pool.shutdown(cancel_futures=True)
    return [t.distance() for t in totals.values()]


def _sums(
    reader: TensorReader, unit: _Unit, block_elements: int, progress: Callable[[int], None] | None
) -> Iterator[Sums]:
    pair = unit.pair
    n = min(block_elements, unit.stop - unit.start)
    buffers = [np.empty(n * t.dtype.n_bytes, np.uint8) for t in (pair.a, pair.b)]
    for start in range(unit.start, unit.stop, block_elements):
        n = min(block_elements, unit.stop - start)
        a, b = (_read(reader, t, start, n, buffer) for t, buffer in zip((pair.a, pair.b), buffers, strict=True))
        sums = np.zeros((-(-n // PIECE_ELEMENTS), 8))
        if pair.are_floats:
            differences(pair.a.dtype.view(a), pair.b.dtype.view(b), sums)
        else:
            sums[0, 5] = np.count_nonzero((a != b).reshape(n, -1).any(axis=1))
        yield sums
        if progress:
            progress(len(a) + len(b))


def _read(
    reader: TensorReader, tensor: Tensor, start: int, n: int, buffer: npt.NDArray[np.uint8]
) -> npt.NDArray[np.uint8]:
    block = buffer[: n * tensor.dtype.n_bytes]
    reader.read(tensor, start * tensor.dtype.n_bytes, block.data)
    return block


class _Total:
    """Sums of one pair, added up piece by piece in order."""

    def __init__(self, pair: Pair) -> None:
        self._pair = pair
        self._sums = np.zeros(8)

    def add(self, sums: Sums) -> None:
        for piece in sums:
            largest = max(self._sums[4], piece[4])
            self._sums += piece
            self._sums[4] = largest

    def distance(self) -> Distance:
        aa, bb, ab, dd, largest, changed, bad_a, bad_b = map(float, self._sums)
        if not (self._pair.are_floats and self._pair.n_compared):
            aa = bb = ab = dd = largest = nan
        return Distance(self._pair.n_compared, int(changed), int(bad_a), int(bad_b), aa, bb, ab, dd, largest)
