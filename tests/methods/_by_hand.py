"""Rules on small arrays, for tests with numbers computed by hand."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from mergealign.methods import METHODS, Inputs, Rule, resolve_method
from mergealign.testing import merge_arrays

__all__ = ["merged", "rule_of"]


def rule_of(method: str, n: int, *, base: bool = True, **parameters: Any) -> Rule:
    """The rule for `n` models, the base among them if there is one."""
    has_base = base and METHODS.get(method).takes.base != "ignored"
    return resolve_method(method, parameters, Inputs(n - has_base, has_base))[0]


def merged(method: str, *models: Any, base: bool = True, **parameters: Any) -> Any:
    """What a method makes of float32 arrays (lists are made such), the base first if there is one."""
    arrays: Sequence[Any] = [np.asarray(m, np.float32) for m in models]
    return merge_arrays(rule_of(method, len(models), base=base, **parameters), arrays)
