"""Quantities in words."""

from __future__ import annotations

import pytest

from mergealign.cli._quantities import parameters, size


@pytest.mark.parametrize(
    ("n", "text"),
    [
        (0, "0 B"),
        (999, "999 B"),
        (1000, "1 kB"),
        (999_600, "1 MB"),
        (1_650_000_000, "1.65 GB"),
        (2 * 10**15, "2e+03 TB"),
    ],
)
def test_sizes(n: int, text: str) -> None:
    assert size(n) == text


@pytest.mark.parametrize(("n", "text"), [(716_800, "717 k parameters"), (8_030_000_000, "8.03 B parameters")])
def test_parameters(n: int, text: str) -> None:
    assert parameters(n) == text
