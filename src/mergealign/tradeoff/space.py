"""What is searched: numeric parameters of the merge rule, one for all tensors or one for each group of them.

    global     one group
    group:N    N runs of neighboring layers, as even as can be
    layer      every layer by itself
    module     attention, feed-forward, and the rest (embeddings, norms, head)

Tensors before the layers (embeddings) belong to the first run of layers, those after them to the last one. A group's
value reaches its tensors through the recipe's own language, a list of {filter, value}: the recipe that is written says
all that was done, and `mergealign merge` repeats it.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

from ..check.layers import count_layers, is_before_layers, layer_of
from ..errors import UsageError
from ..record.study import Dimension

__all__ = ["Groups", "Point", "Space", "make_groups"]

Point = Mapping[str, float]
"""Value by name of dimension."""

_ATTENTION = re.compile(r"\.(?:self_)?att(?:entio)?n\.", re.IGNORECASE)
_FEED_FORWARD = re.compile(r"\.(?:mlp|feed_forward|ffn|block_sparse_moe|experts)\.", re.IGNORECASE)
_LAYER_PREFIX = re.compile(r"^(?:.*?\.)?(?:layers|h|blocks|layer)\.\d+\.")


@dataclass(frozen=True)
class Groups:
    """Which tensor belongs to which group.

    Attributes:
        granularity: as the user named it.
        names: of the groups, in order.
        of: group by name of tensor.
    """

    granularity: str
    names: tuple[str, ...]
    of: Mapping[str, str]

    def setting(self, values: Mapping[str, float]) -> Any:
        """The values of the groups as a recipe holds them: a scalar, or filters of which the first that fits counts."""
        if len(self.names) == 1:
            return values[self.names[0]]
        prefixes: dict[str, str] = {}
        for tensor, group in self.of.items():
            found = _LAYER_PREFIX.match(tensor)
            prefixes.setdefault(found[0] if found else tensor, group)
        if not self._tells_apart(prefixes):
            prefixes = dict(self.of)
        # a filter fits every name that it is part of: the longest goes first
        order = sorted(prefixes, key=lambda p: -len(p))
        return [{"filter": p, "value": values[prefixes[p]]} for p in order]

    def _tells_apart(self, prefixes: Mapping[str, str]) -> bool:
        order = sorted(prefixes, key=lambda p: -len(p))
        return all(prefixes[next(p for p in order if p in tensor)] == group for tensor, group in self.of.items())


def make_groups(granularity: str, tensors: Sequence[str]) -> Groups:
    """Sort the tensors of a model into groups. Raises UsageError for a granularity that is none, or has no layers."""
    if granularity == "global":
        return Groups(granularity, ("all",), dict.fromkeys(tensors, "all"))
    if granularity == "module":
        of = {name: _module(name) for name in tensors}
        return Groups(granularity, tuple(n for n in ("attention", "feed_forward", "rest") if n in of.values()), of)
    n_layers = count_layers(tensors)
    n_groups = n_layers if granularity == "layer" else _n_groups(granularity)
    if not 1 <= n_groups <= n_layers:
        raise UsageError(
            f"--granularity {granularity}: the model has {n_layers} layers", cure=f"choose group:1 to group:{n_layers}"
        )
    width = len(str(n_layers - 1))
    starts = [g * n_layers // n_groups for g in range(n_groups + 1)]
    names = tuple(
        f"layers {a:0{width}d}-{b - 1:0{width}d}" if b - a > 1 else f"layer {a:0{width}d}" for a, b in pairwise(starts)
    )

    def group_of(name: str) -> str:
        layer = layer_of(name)
        if layer is None:
            return names[0] if is_before_layers(name) else names[-1]
        return names[max(g for g, start in enumerate(starts[:-1]) if start <= layer)]

    return Groups(granularity, names, {name: group_of(name) for name in tensors})


def _n_groups(granularity: str) -> int:
    found = re.fullmatch(r"group:(\d+)", granularity)
    if found is None:
        raise UsageError(
            f"--granularity {granularity} is not known", cure="choose global, group:N (say group:4), layer or module"
        )
    return int(found[1])


def _module(name: str) -> str:
    if _ATTENTION.search(name):
        return "attention"
    return "feed_forward" if _FEED_FORWARD.search(name) else "rest"


@dataclass(frozen=True)
class Space:
    """Dimensions, and how a point becomes parameters of a recipe.

    Attributes:
        groups: of tensors.
        ranges: bounds (low, high) by parameter; `domain.weight` is the parameter `weight` of the domain model.
    """

    groups: Groups
    ranges: Mapping[str, tuple[float, float]]

    @property
    def dimensions(self) -> tuple[Dimension, ...]:
        return tuple(
            Dimension(name=self._name(p, group), parameter=p, group=group, low=low, high=high)
            for p, (low, high) in self.ranges.items()
            for group in self.groups.names
        )

    def _name(self, parameter: str, group: str) -> str:
        return parameter if len(self.groups.names) == 1 else f"{parameter}@{group}"

    def settings(self, point: Point) -> dict[str, Any]:
        """Setting by parameter."""
        return {
            p: self.groups.setting({group: point[self._name(p, group)] for group in self.groups.names})
            for p in self.ranges
        }

    def everywhere(self, **values: float) -> dict[str, float] | None:
        """The point with the same value in all groups; None if a value is out of bounds or a parameter is missing."""
        if values.keys() != self.ranges.keys():
            return None
        if not all(low <= values[p] <= high for p, (low, high) in self.ranges.items()):
            return None
        return {d.name: values[d.parameter] for d in self.dimensions}

    def corners(self) -> list[dict[str, float]]:
        """What is tried first: expert, aligned model, both vectors whole, the plain average, as far as they are
        in bounds; else, and for rules with other parameters, the middle of all ranges and their ends."""
        if self.ranges.keys() == {"domain_weight", "alignment_weight"}:
            pairs = [(1.0, 0.0), (0.0, 1.0), (1.0, 1.0), (0.5, 0.5)]
            found = [self.everywhere(domain_weight=d, alignment_weight=a) for d, a in pairs]
            if inside := [point for point in found if point is not None]:
                return inside
        ends = [{p: low + share * (high - low) for p, (low, high) in self.ranges.items()} for share in (0.5, 0.0, 1.0)]
        return [point for end in ends if (point := self.everywhere(**end)) is not None]
