"""The contract of every registered merge method, and how parameters are refused."""

from __future__ import annotations

import inspect
import itertools
import math
from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest

from mergealign.errors import RecipeError, UnknownNameError
from mergealign.methods import METHODS, LinearRule, resolve_method
from mergealign.testing import check_merge_method


@pytest.mark.parametrize("name", METHODS.names())
def test_contract(name: str) -> None:
    check_merge_method(name)


def test_the_registry_lists_files() -> None:
    assert METHODS.names() == ["mergealign"]
    assert inspect.getdoc(METHODS.get("mergealign"))


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
        resolve_method("mergealign", parameters)


def test_all_mistakes_at_once() -> None:
    with pytest.raises(RecipeError) as caught:
        resolve_method("mergealign", {"domain_weight": "x", "alignment_weight": math.nan, "density": 1})
    assert len(caught.value.problems) == 3


def test_mergealign_by_hand() -> None:
    rule, settings = resolve_method("mergealign", {"alignment_weight": 0.5})
    assert settings == {"domain_weight": 1.0, "alignment_weight": 0.5}
    out = np.empty(2, np.float32)
    rule.apply([np.float32([1, 10]), np.float32([2, 10]), np.float32([1, 14])], out)
    np.testing.assert_array_equal(out, [2, 12])


def _sloppy(*, weight: float) -> LinearRule:
    """No default."""
    return LinearRule((weight, weight))


class _Forgetful(LinearRule):
    """Gives another result on every call."""

    def apply(self, sources: Sequence[Any], out: Any) -> bool:
        finite = super().apply(sources, out)
        if not np.array_equal(sources[0], sources[1]):
            out += np.float32(next(_COUNT))
        return finite


_COUNT = itertools.count()


def _forgetful(*, weight: float = 0.5) -> LinearRule:
    """Not deterministic."""
    return _Forgetful((weight, weight))


@pytest.mark.parametrize(("method", "message"), [(_sloppy, "has no default"), (_forgetful, "another result")])
def test_the_contract_can_be_broken(monkeypatch: pytest.MonkeyPatch, method: Any, message: str) -> None:
    monkeypatch.setattr(METHODS, "get", lambda _name: method)
    with pytest.raises(AssertionError, match=message):
        check_merge_method("broken")
