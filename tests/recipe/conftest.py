"""Recipes are read against methods of these tests, whatever methods there are."""

from __future__ import annotations

import pytest

from .methods import FakeRegistry


@pytest.fixture
def fake_methods(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("mergealign.recipe.settings.Registry", FakeRegistry)
