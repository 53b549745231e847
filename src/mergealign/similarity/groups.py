"""Which part of a model a tensor belongs to, told by its name."""

from __future__ import annotations

import re

from ..check.layers import layer_of

__all__ = ["GROUPS", "group_of", "layer_path"]

_PATTERNS = (  # the first that is found: a norm inside attention is a norm, an output embedding a head
    ("norm", r"norm|(?:^|\.)ln_"),
    ("head", r"(?:^|\.)(?:lm_head|embed_out|score|classifier)\."),
    ("embedding", r"embed|(?:^|\.)w[tp]e\."),
    ("attention", r"attn|attention"),
    ("mlp", r"mlp|moe|ffn|feed_forward|experts|(?:^|\.)fc\d\."),
)
GROUPS = ("embedding", "attention", "mlp", "norm", "head", "other")


def group_of(name: str) -> str:
    """One of GROUPS for the name of a tensor."""
    return next((group for group, pattern in _PATTERNS if re.search(pattern, name)), "other")


def layer_path(name: str) -> tuple[str, int] | None:
    """The layer a tensor is in, as (start of all its names, number): ("model.layers.7", 7); None outside layers."""
    layer = layer_of(name)
    return None if layer is None else (f"{name.partition(f'.{layer}.')[0]}.{layer}", layer)
