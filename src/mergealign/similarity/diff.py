"""What separates two models: the plan carried out, and its result."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from ..checkpoint.header import Tensor
from .distance import Distance, total
from .groups import GROUPS, group_of, layer_path
from .measure import measure
from .plan import DiffPlan, Pair

__all__ = ["GroupDiff", "ModelDiff", "TensorDiff", "run_diff"]


@dataclass(frozen=True)
class TensorDiff:
    """One tensor that both models have, and how far it is apart."""

    pair: Pair
    distance: Distance

    @property
    def shapes_differ(self) -> bool:
        return self.pair.a.shape != self.pair.b.shape

    @property
    def dtypes_differ(self) -> bool:
        return self.pair.a.dtype != self.pair.b.dtype

    def describe(self) -> dict[str, Any]:
        pair, layer = self.pair, layer_path(self.pair.name)
        return {
            "name": pair.name,
            "group": group_of(pair.name),
            "layer": layer[0] if layer else None,
            "shape": {"a": list(pair.a.shape), "b": list(pair.b.shape)},
            "dtype": {"a": pair.a.dtype.torch_name, "b": pair.b.dtype.torch_name},
            **self.distance.describe(),
        }


@dataclass(frozen=True)
class GroupDiff:
    """Tensors taken together: a part of the model, a layer, or all."""

    name: str
    n_tensors: int
    distance: Distance

    def describe(self) -> dict[str, Any]:
        return {"name": self.name, "n_tensors": self.n_tensors, **self.distance.describe()}


@dataclass(frozen=True)
class ModelDiff:
    """What separates two models.

    Attributes:
        plan: all but the numbers.
        tensors: those that both have, in the order of A's files.
    """

    plan: DiffPlan
    tensors: tuple[TensorDiff, ...]

    @property
    def differs(self) -> bool:
        """Whether B is another model than A: by a number, a tensor, a shape, a dtype, a setting or the tokenizer."""
        plan = self.plan
        tensors = any(t.distance.n_changed or t.shapes_differ or t.dtypes_differ for t in self.tensors)
        return tensors or bool(plan.only_a or plan.only_b or plan.config or plan.generation or plan.tokenizer.differs)

    @property
    def total(self) -> GroupDiff:
        return _together("all", self.tensors)

    @property
    def by_group(self) -> tuple[GroupDiff, ...]:
        """In the order of GROUPS; empty ones left out."""
        parts: dict[str, list[TensorDiff]] = {group: [] for group in GROUPS}
        for t in self.tensors:
            parts[group_of(t.pair.name)].append(t)
        return tuple(_together(name, part) for name, part in parts.items() if part)

    @property
    def by_layer(self) -> tuple[GroupDiff, ...]:
        """In the order of their numbers; tensors outside layers left out."""
        parts: dict[tuple[str, int], list[TensorDiff]] = {}
        for t in self.tensors:
            if layer := layer_path(t.pair.name):
                parts.setdefault(layer, []).append(t)
        ordered = sorted(parts, key=lambda layer: (layer[0].rpartition(".")[0], layer[1]))
        return tuple(_together(layer[0], parts[layer]) for layer in ordered)

    @property
    def dtype_changes(self) -> Counter[tuple[str, str]]:
        """(dtype in A, dtype in B) → tensors, where they differ."""
        return Counter((t.pair.a.dtype.torch_name, t.pair.b.dtype.torch_name) for t in self.tensors if t.dtypes_differ)

    @property
    def non_finite(self) -> tuple[TensorDiff, ...]:
        """Tensors with NaN or infinity on either side."""
        return tuple(t for t in self.tensors if t.distance.n_non_finite_a or t.distance.n_non_finite_b)

    def worst(self, n: int) -> tuple[TensorDiff, ...]:
        """Up to `n` changed tensors by falling relative norm, first those that changed and have none."""
        changed = [t for t in self.tensors if t.distance.n_changed]
        return tuple(sorted(changed, key=lambda t: (-t.distance.rank, t.pair.name))[:n])

    def describe(self) -> dict[str, Any]:
        """The result as plain values, for `--json`."""
        plan = self.plan
        return {
            "schema_version": 1,
            "differs": self.differs,
            "a": plan.a.describe(),
            "b": plan.b.describe(),
            "only_a": [_spec(t) for t in plan.only_a],
            "only_b": [_spec(t) for t in plan.only_b],
            "total": self.total.describe(),
            "by_group": [g.describe() for g in self.by_group],
            "by_layer": [g.describe() for g in self.by_layer],
            "tensors": [t.describe() for t in self.tensors],
            "config": [s.describe() for s in plan.config],
            "generation_config": [s.describe() for s in plan.generation],
            "tokenizer": plan.tokenizer.describe(),
            "notes": list(plan.notes),
        }


def run_diff(plan: DiffPlan, *, threads: int | None = None, progress: Callable[[int], None] | None = None) -> ModelDiff:
    """Compare the numbers of two models.

    Args:
        threads: default one per core; the result does not depend on it.
        progress: told the bytes as they are read.
    Raises:
        CheckpointError: a file cannot be read, or was changed since its header was read.
    """
    distances = measure(plan.pairs, threads=threads or os.cpu_count() or 1, progress=progress)
    return ModelDiff(plan, tuple(map(TensorDiff, plan.pairs, distances)))


def _together(name: str, tensors: tuple[TensorDiff, ...] | list[TensorDiff]) -> GroupDiff:
    return GroupDiff(name, len(tensors), total(t.distance for t in tensors))


def _spec(tensor: Tensor) -> dict[str, Any]:
    return {"name": tensor.name, "shape": list(tensor.shape), "dtype": tensor.dtype.torch_name}
