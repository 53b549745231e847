"""Rules that merge each row (or column) of a tensor with weights of its own, found from inner products of that row."""

from __future__ import annotations

import abc
from collections.abc import Sequence
from typing import Any, ClassVar

import numpy as np

from ..kernels.rows import column_products, combine_columns, combine_rows, row_products
from ._block import BlockRule
from ._rule import Block, Unit

__all__ = ["ColumnsRule", "RowsRule"]


class RowsRule(BlockRule):
    """out = base + Σ_k c_k · (tuned_k − base) with weights c of each row; without a base, of the models."""

    unit: ClassVar[Unit] = Unit.ROW

    def merge(self, block: Block, known: Sequence[Any], out: Any) -> None:  # noqa: ARG002
        width = block.span.width
        n_inputs = len(block.deltas)
        grams = np.empty((out.size // width, n_inputs, n_inputs))
        row_products(block.deltas, width, grams)
        weights = np.empty((len(grams), n_inputs))
        self.weights(grams, weights)
        combine_rows(block.base, block.deltas, width, weights, out)

    @abc.abstractmethod
    def weights(self, grams: Any, weights: Any) -> None:
        """Write weights [n_rows, K], given the inner products [n_rows, K, K] of the deltas (or models); float64."""


class ColumnsRule(BlockRule):
    """The same for columns: all that has one index in every dimension but the first.

    The whole tensor is held in float32, so memory grows with it.
    """

    unit: ClassVar[Unit] = Unit.MATRIX
    n_inputs: int

    def scratch_bytes(self, shape: tuple[int, ...]) -> int:
        n = int(np.prod(shape))
        n_columns = n // max(1, shape[0]) if len(shape) > 1 else 1
        return 4 * n * (self.n_inputs + self.has_base + 1) + 8 * n_columns * self.n_inputs * (self.n_inputs + 1)

    def merge(self, block: Block, known: Sequence[Any], out: Any) -> None:  # noqa: ARG002
        shape = block.span.shape
        n_columns = out.size // shape[0] if len(shape) > 1 else 1  # a vector is one column
        n_inputs = len(block.deltas)
        grams = np.zeros((n_inputs, n_inputs, n_columns))
        column_products(block.deltas, grams)
        weights = np.empty((n_columns, n_inputs))
        self.weights(np.ascontiguousarray(np.moveaxis(grams, -1, 0)), weights)
        combine_columns(block.base, block.deltas, np.ascontiguousarray(weights.T), out)

    @abc.abstractmethod
    def weights(self, grams: Any, weights: Any) -> None:
        """Write weights [n_columns, K], given the inner products [n_columns, K, K] of the deltas (or models)."""
