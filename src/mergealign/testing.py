"""The contract of interchangeable parts, for our own tests and for whoever writes a part.

from mergealign.testing import check_merge_method
def test_contract(): check_merge_method("my_method")
"""

from __future__ import annotations

import inspect

import numpy as np

from .methods import METHODS, resolve_method

__all__ = ["check_merge_method"]


def check_merge_method(name: str) -> None:
    """Raise AssertionError where merge method `name` breaks the contract of `methods/`.

    With default parameters: zero deltas give the base; the result is deterministic, finite for finite input, the same
    for any split into blocks; NaN is reported. The docstring exists and all parameters have types and defaults.
    """
    method = METHODS.get(name)
    assert inspect.getdoc(method), f"{name} has no docstring"
    for p in inspect.signature(method).parameters.values():
        assert p.kind is p.KEYWORD_ONLY, f"{name}: parameter {p.name} can be given by position"
        assert p.annotation is not p.empty, f"{name}: parameter {p.name} has no type"
        assert p.default is not p.empty, f"{name}: parameter {p.name} has no default"
    rule, _ = resolve_method(name, {})
    rng = np.random.default_rng(0)
    base, domain, aligned = (rng.standard_normal(1001).astype(np.float32) for _ in range(3))

    out = np.empty_like(base)
    assert rule.apply([base, base, base], out), f"{name}: finite input is reported as not finite"
    np.testing.assert_array_equal(out, base, err_msg=f"{name}: zero deltas do not give the base")

    first, second = np.empty_like(base), np.empty_like(base)
    rule.apply([base, domain, aligned], first)
    rule.apply([base, domain, aligned], second)
    np.testing.assert_array_equal(first, second, err_msg=f"{name}: a second run gives another result")
    for start in range(0, 1001, 77):
        part = slice(start, start + 77)
        rule.apply([base[part], domain[part], aligned[part]], second[part])
    np.testing.assert_array_equal(first, second, err_msg=f"{name}: the result depends on the split into blocks")

    domain[500] = np.nan
    assert not rule.apply([base, domain, aligned], out), f"{name}: NaN passes unreported"
