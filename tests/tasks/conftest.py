"""Tasks see the real data sets where they are, and never the Hub."""

from __future__ import annotations

import pytest

from .real_data import FOLDER


@pytest.fixture(autouse=True)
def _data_folder(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MERGEALIGN_DATA_DIR", str(FOLDER))
