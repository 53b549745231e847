"""The area under a front, against hand-computed areas and against counting."""

from __future__ import annotations

import random

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from mergealign.tradeoff.hypervolume import Outcome, front, hypervolume

share = st.floats(0, 1)
outcomes = st.lists(st.builds(Outcome, share, share), max_size=12)


def test_by_hand() -> None:
    assert hypervolume([]) == 0
    assert hypervolume([Outcome(0.5, 0.4)]) == 0.5 * 0.4
    stairs = [Outcome(0.9, 0.2), Outcome(0.5, 0.6), Outcome(0.1, 1.0), Outcome(0.4, 0.5)]
    assert abs(hypervolume(stairs) - (0.9 * 0.2 + 0.5 * 0.4 + 0.1 * 0.4)) < 1e-12
    assert abs(hypervolume(stairs, Outcome(0.25, 0.1)) - (0.65 * 0.1 + 0.25 * 0.4)) < 1e-12
    assert front(stairs) == [0, 1, 2]


def test_of_equal_outcomes_the_first_is_on_the_front() -> None:
    assert front([Outcome(0.5, 0.5), Outcome(0.5, 0.5), Outcome(0.5, 0.4), Outcome(0.6, 0.5)]) == [3]
    assert front([Outcome(0.5, 0.5), Outcome(0.5, 0.5)]) == [0]


@given(outcomes)
def test_the_area_is_that_of_the_front_and_independent_of_order(found: list[Outcome]) -> None:
    area = hypervolume(found)
    assert abs(hypervolume([found[n] for n in front(found)]) - area) < 1e-12
    assert abs(hypervolume(random.Random(0).sample(found, len(found))) - area) < 1e-12


@given(outcomes, st.builds(Outcome, share, share))
def test_one_more_outcome_never_shrinks_it(found: list[Outcome], more: Outcome) -> None:
    assert hypervolume([*found, more]) >= hypervolume(found) - 1e-12


@given(outcomes)
def test_against_counting_cells(found: list[Outcome]) -> None:
    n = 16
    cells = [Outcome(round(o.knowledge * n) / n, round(o.safety * n) / n) for o in found]
    centers = (np.arange(n) + 0.5) / n
    x, y = np.meshgrid(centers, centers)
    covered = np.zeros_like(x, bool)
    for o in cells:
        covered |= (x < o.knowledge) & (y < o.safety)
    assert abs(hypervolume(cells) - covered.mean()) < 1e-9


@given(outcomes)
def test_nothing_beats_the_front(found: list[Outcome]) -> None:
    on = front(found)
    for n in on:
        assert not any(
            o.knowledge >= found[n].knowledge and o.safety >= found[n].safety and o != found[n] for o in found
        )
    for n in set(range(len(found))) - set(on):
        assert any(found[m].knowledge >= found[n].knowledge and found[m].safety >= found[n].safety for m in on)
