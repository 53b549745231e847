"""The contract of interchangeable parts, for our own tests and for whoever writes a part.

from mergealign.testing import check_merge_method
def test_contract(): check_merge_method("my_method")
"""

from __future__ import annotations

import inspect
from collections.abc import Mapping, Sequence
from math import prod
from typing import Any

import numpy as np

from .methods import METHODS, Inputs, Rule, Span, block_elements, reduce_span, resolve_method
from .recipe.signature import Takes

__all__ = ["check_merge_method", "merge_arrays"]


def merge_arrays(rule: Rule, sources: Sequence[Any], *, key: int = 1, n_blocks: int = 4, dtype: Any = None) -> Any:
    """What `rule` makes of whole arrays, as the engine would do it: reductions first, then range by range.

    Args:
        sources: base first where the rule has one, all of one shape, stored as in kernels/codecs.py.
        key: of the random numbers.
        n_blocks: blocks in one range.
        dtype: of the result; default that of the first source.
    Raises:
        FloatingPointError: the result is not finite.
    """
    shape = tuple(sources[0].shape)
    flat = [np.ascontiguousarray(s).reshape(-1) for s in sources]
    block = block_elements(shape, rule.unit)
    spans = [
        Span(start, min(start + n_blocks * block, prod(shape)), shape, key)
        for start in range(0, prod(shape), n_blocks * block)
    ]
    known: tuple[Any, ...] = ()
    for reduction in rule.reductions:
        n = -(-prod(shape) // block)
        total = np.zeros((n, *reduction.shape) if reduction.per_block else reduction.shape, reduction.dtype)
        for span in spans:
            part = slice(span.start, span.stop)
            reduce_span(rule, reduction, [s[part] for s in flat], span, known, total)
        known = (*known, reduction.finish(total, known))
    out = np.empty(prod(shape), dtype or sources[0].dtype)
    for span in spans:
        part = slice(span.start, span.stop)
        if not rule.apply([s[part] for s in flat], out[part], span, known):
            raise FloatingPointError(f"elements {span.start} to {span.stop} are not all finite")
    return out.reshape(shape)


def check_merge_method(name: str, parameters: Mapping[str, Any] | None = None) -> None:
    """Raise AssertionError where merge method `name` breaks the contract of `methods/`.

    Given `parameters` for what has no default: zero deltas give the base; the result is deterministic and the same for
    any cut into ranges; it is finite for finite input. It has a docstring, its parameters are keyword-only and typed, the
    method says what it takes.
    """
    method = METHODS.get(name)
    assert inspect.getdoc(method), f"{name} has no docstring"
    for p in inspect.signature(method).parameters.values():
        assert p.kind is p.KEYWORD_ONLY, f"{name}: parameter {p.name} can be given by position"
        assert p.annotation is not p.empty, f"{name}: parameter {p.name} has no type"
    takes = getattr(method, "takes", None)
    assert isinstance(takes, Takes), f"{name} does not say what it takes (@takes)"
    n_tuned = max(takes.min_inputs, min(2, takes.max_inputs or 2))
    has_base = takes.base != "ignored"
    rule, _ = resolve_method(name, parameters or {}, Inputs(n_tuned, has_base))
    n = n_tuned + has_base
    rng = np.random.default_rng(0)
    shape = (300, 517)
    base = rng.standard_normal(shape, np.float32)
    sources = [base, *(base + 0.1 * rng.standard_normal(shape, np.float32) for _ in range(n - 1))]

    if has_base:
        zero = merge_arrays(rule, [base] * n)
        np.testing.assert_allclose(zero, base, rtol=1e-6, err_msg=f"{name}: zero deltas do not give the base")
    first = merge_arrays(rule, sources)
    np.testing.assert_array_equal(first, merge_arrays(rule, sources), err_msg=f"{name}: a second run differs")
    for n_blocks in (1, 1000):
        other = merge_arrays(rule, sources, n_blocks=n_blocks)
        np.testing.assert_array_equal(first, other, err_msg=f"{name}: the result depends on the cut into ranges")
