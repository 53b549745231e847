"""The command line in this process, as in tests/cli, and a family large enough to be interrupted."""

from __future__ import annotations

from pathlib import Path

import pytest
from benchmarks.synthetic import write_family

from ..cli.conftest import cli

__all__ = ["cli", "large"]


@pytest.fixture(scope="session")
def large(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Three models of 40 M parameters: writing takes long enough to be caught at it."""
    root = tmp_path_factory.mktemp("large")
    write_family(root, 40e6, max_shard_bytes=30_000_000)
    return {role: root / role for role in ("base", "domain", "aligned")}
