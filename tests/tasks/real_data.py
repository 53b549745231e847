"""The real data sets: a folder beside the repository, or the one in MERGEALIGN_DATA_DIR."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

FOLDER = Path(os.environ.get("MERGEALIGN_DATA_DIR") or Path(__file__).parents[3] / "shared" / "data")


def need(folder: str) -> None:
    """Skip the test where a data set is not there."""
    if not (FOLDER / folder).is_dir():
        pytest.skip(f"no data set in {FOLDER / folder}; set MERGEALIGN_DATA_DIR to the folder that holds it")
