"""TAT-QA's metric, by hand."""

from __future__ import annotations

import pytest

from mergealign.tasks import TASKS
from mergealign.tasks._tatqa_metric import TatQaAnswer, compare

from .real_data import need


@pytest.mark.parametrize(
    ("given", "right", "is_number", "exact", "f1"),
    [
        (("1,496.5", "million"), ("$1,496.5", "million"), False, True, 1),
        (("1496.5", ""), ("$1,496.5", "million"), False, False, 0),  # the scale counts
        (("1.4965", "billion"), ("1,496.5", "million"), True, False, 0),  # numbers are rounded to two places first
        (("1.5", "billion"), ("1500", "million"), True, True, 1),
        (("12%", ""), ("12", "percent"), True, True, 1),
        (("0.12", ""), ("12", "percent"), True, True, 1),  # a bare number is tried as it stands
        (("12", ""), ("12", "percent"), True, False, 0),
        (("(134)", ""), ("-134", ""), True, True, 1),
        (("1.5 million", ""), ("1.5", "million"), True, True, 1),
        (("The wages.", ""), ("wages", ""), False, True, 1),
        (("wages and a bonus", ""), ("wages", ""), False, False, 0.5),
        (("wages", "million"), ("wages", ""), False, False, 0.67),
        (("4.129", ""), ("4.13", ""), True, True, 1),
        (("nothing of it", ""), ("17", "percent"), True, False, 0),
    ],
)
def test_one_answer(given: tuple[str, str], right: tuple[str, str], is_number: bool, exact: bool, f1: float) -> None:
    found = compare(TatQaAnswer((given[0],), given[1]), TatQaAnswer((right[0],), right[1]), is_number=is_number)
    assert (found.exact, found.f1) == (exact, f1)


def test_several_answers() -> None:
    right = TatQaAnswer(("2019", "2018", "2017"))
    assert compare(TatQaAnswer(("2017", "2018", "2019")), right, is_number=False).exact
    two = compare(TatQaAnswer(("2017", "2018")), right, is_number=False)
    assert (two.exact, two.f1) == (False, 0.8)
    assert not compare(TatQaAnswer(()), right, is_number=False).exact


@pytest.mark.parametrize(
    ("text", "correct"),
    [
        ("$1,496.5 million", True),
        ("Answer: 1,496.5 million.", True),
        ("1,496.5 Million\nBecause the table says so.", True),
        ("1,496.5", False),
        ("", False),
        ("   \n", False),
    ],
)
def test_what_a_model_writes_is_read(text: str, correct: bool) -> None:
    need("tatqa")
    task = TASKS.get("tatqa")(split="dev")
    (item,) = [i for i in task.items() if i.id.startswith("tatqa-4960801d-277d-4f79-8eca-c4d0200fa9d6")]
    assert item.target == "$1,496.5 million"
    assert task.grade(item, text).correct is correct


def test_right_answers_are_right_in_both_splits() -> None:
    need("tatqa")
    for split, n in (("test", 1663), ("dev", 1668)):
        task = TASKS.get("tatqa")(split=split)
        grades = [task.grade(i, i.target) for i in task.items()]
        assert [g.correct for g in grades] == [True] * n
        assert {g.credit for g in grades} == {1.0}
