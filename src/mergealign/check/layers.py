"""The layers of a model, told by the names of its tensors: `model.layers.7.mlp.up_proj.weight` is of layer 7."""

from __future__ import annotations

import re
from collections.abc import Iterable

__all__ = ["count_layers", "in_layer", "is_before_layers", "layer_of"]

_LAYER = re.compile(r"((?:^|\.)(?:layers|h|blocks|layer)\.)(\d+)(?=\.)")
_BEFORE = re.compile(r"emb|wte|wpe", re.IGNORECASE)


def layer_of(name: str) -> int | None:
    """The layer a tensor belongs to; None for those outside of the layers."""
    found = _LAYER.search(name)
    return int(found[2]) if found else None


def in_layer(name: str, index: int) -> str:
    """The name of the same tensor of layer `index`."""
    return _LAYER.sub(rf"\g<1>{index}", name, count=1)


def count_layers(names: Iterable[str]) -> int:
    """How many layers there are: one more than the highest."""
    return max((layer + 1 for name in names if (layer := layer_of(name)) is not None), default=0)


def is_before_layers(name: str) -> bool:
    """Whether a tensor outside of the layers comes before them: an embedding of tokens or positions."""
    return bool(_BEFORE.search(name))
