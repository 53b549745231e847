"""A suite and two tiny models."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
import torch

from ..tiny_llama import write_suite, write_tiny_model


@pytest.fixture(scope="package", autouse=True)
def _one_thread() -> Iterator[None]:
    """Tiny models are faster so, on busy cores by far."""
    n = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(n)


@pytest.fixture(scope="package")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """`suite.yml`, `one` and `two`. Tests only read it."""
    root = tmp_path_factory.mktemp("evaluate")
    write_suite(root)
    write_tiny_model(root / "one", seed=0)
    write_tiny_model(root / "two", seed=1)
    return root
