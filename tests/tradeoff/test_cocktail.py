"""LM-Cocktail weights."""

from __future__ import annotations

from math import exp

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mergealign.record.study import CocktailStart
from mergealign.tradeoff.cocktail import cocktail_weights, starting_point
from mergealign.tradeoff.space import Space, make_groups

from .fakes import NAMES, space

loss = st.floats(0, 50)


def test_by_hand() -> None:
    found = cocktail_weights({"domain": 1.0, "aligned": 3.0}, 2.0)
    assert found["domain"] == pytest.approx(1 / (1 + exp(-1)))
    assert found["aligned"] == pytest.approx(exp(-1) / (1 + exp(-1)))


@given(loss, loss, st.floats(0.1, 10))
def test_laws(a: float, b: float, temperature: float) -> None:
    found = cocktail_weights({"domain": a, "aligned": b}, temperature)
    assert sum(found.values()) == pytest.approx(1)
    assert (found["domain"] >= found["aligned"]) or a > b
    warmer = cocktail_weights({"domain": a, "aligned": b}, 2 * temperature)
    assert abs(warmer["domain"] - 0.5) <= abs(found["domain"] - 0.5) + 1e-12
    moved = cocktail_weights({"domain": a + 7, "aligned": b + 7}, temperature)
    assert moved["domain"] == pytest.approx(found["domain"])


def test_the_point_is_the_same_everywhere_and_in_the_ranges() -> None:
    start = CocktailStart(temperature=1.0, losses={}, weights={"domain": 0.7, "aligned": 0.3})
    found = starting_point(space("group:2"), start)
    assert found is not None
    assert {name.partition("@")[0]: value for name, value in found.items()} == {
        "domain_weight": 0.7,
        "alignment_weight": 0.3,
    }
    narrow = Space(make_groups("global", NAMES), {"domain_weight": (0.8, 1.0), "alignment_weight": (0.0, 1.0)})
    assert starting_point(narrow, start) is None
