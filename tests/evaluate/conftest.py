"""A suite and two tiny models, and the command that evaluates them."""

from __future__ import annotations

from pathlib import Path

import pytest

from ..tiny_llama import write_suite, write_tiny_model


@pytest.fixture(scope="package")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """`suite.yml`, `one` and `two`. Tests only read it."""
    root = tmp_path_factory.mktemp("evaluate")
    write_suite(root)
    write_tiny_model(root / "one", seed=0)
    write_tiny_model(root / "two", seed=1)
    return root
