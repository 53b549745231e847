"""GSM8K: which number of an answer counts."""

from __future__ import annotations

import pytest

from mergealign.tasks.gsm8k import last_number


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("2 + 2 = 4\n#### 4", 4),
        ("#### $1,234.50 in all, not 7", 1234.5),
        ("First 3, then 5.", 5),
        ("It is -2", -2),
        ("It is −2.", -2),
        ("It costs -$3.50.", -3.5),
        ("10-4", 4),
        ("####\nso 8", 8),
        ("3 #### none", 3),
        ("about .5", 0.5),
        ("none", None),
        ("", None),
    ],
)
def test_the_number_behind_the_mark_or_the_last(text: str, number: float | None) -> None:
    assert last_number(text) == number
