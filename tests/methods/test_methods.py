"""The contract of every registered merge method, and how parameters are refused."""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest

from mergealign.errors import RecipeError, UnknownNameError
from mergealign.methods import METHODS, Inputs, LinearRule, Span, resolve_method
from mergealign.recipe.parameters import method_parameters
from mergealign.recipe.signature import takes
from mergealign.testing import check_merge_method, merge_arrays

TWO = Inputs(2, has_base=True)


def _values(name: str) -> dict[str, Any]:
    """0.5 for every parameter that has no default."""
    return {p.name: 0.5 for p in method_parameters(METHODS.get(name)).values() if p.required}


@pytest.mark.parametrize("name", METHODS.names())
def test_contract(name: str) -> None:
    check_merge_method(name, _values(name))


def test_unknown_methods_name_the_nearest() -> None:
    with pytest.raises(UnknownNameError, match="did you mean 'mergealign'"):
        METHODS.get("merge-align")


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        ({"domain_wieght": 1}, "did you mean 'domain_weight'"),
        ({"domain_weight": math.nan}, "finite"),
        ({"domain_weight": math.inf}, "finite"),
        ({"domain_weight": "much"}, "valid number"),
        ({"domain_weight": [1]}, "valid number"),
    ],
)
def test_parameters_are_strict(parameters: dict[str, object], message: str) -> None:
    with pytest.raises(RecipeError, match=message):
        resolve_method("mergealign", parameters, TWO)


def test_all_mistakes_at_once() -> None:
    with pytest.raises(RecipeError) as caught:
        resolve_method("mergealign", {"domain_weight": "x", "alignment_weight": math.nan, "density": 1}, TWO)
    assert len(caught.value.problems) == 3


def test_mergealign_by_hand() -> None:
    rule, settings = resolve_method("mergealign", {"alignment_weight": 0.5}, TWO)
    assert (settings["domain_weight"], settings["alignment_weight"]) == (1.0, 0.5)
    out = merge_arrays(rule, [np.float32([1, 10]), np.float32([2, 10]), np.float32([1, 14])])
    np.testing.assert_array_equal(out, [2, 12])


class _Forgetful(LinearRule):
    """Gives another result on every call."""

    def apply(self, sources: Sequence[Any], out: Any, span: Span, known: Sequence[Any]) -> bool:
        finite = super().apply(sources, out, span, known)
        if not np.array_equal(sources[0], sources[1]):
            out += np.float32(next(_COUNT))
        return finite


_COUNT = itertools.count()


@takes(base="required")
def _forgetful(*, weight: float = 0.5) -> LinearRule:
    """Not deterministic."""
    return _Forgetful((weight, weight))


class _Local(LinearRule):
    """Depends on where the ranges begin."""

    def apply(self, sources: Sequence[Any], out: Any, span: Span, known: Sequence[Any]) -> bool:
        finite = super().apply(sources, out, span, known)
        if not np.array_equal(sources[0], sources[1]):
            out[0] = 7
        return finite


@takes(base="required")
def _local(*, weight: float = 0.5) -> LinearRule:
    """Not the same for all cuts."""
    return _Local((weight, weight))


def _silent(*, weight: float = 0.5) -> LinearRule:
    """Does not say what it takes."""
    return LinearRule((weight, weight))


@pytest.mark.parametrize(
    ("method", "message"),
    [(_silent, "what it takes"), (_forgetful, "second run differs"), (_local, "depends on the cut")],
)
def test_the_contract_can_be_broken(monkeypatch: pytest.MonkeyPatch, method: Any, message: str) -> None:
    monkeypatch.setattr(METHODS, "get", lambda _name: method)
    with pytest.raises(AssertionError, match=message):
        check_merge_method("broken")
