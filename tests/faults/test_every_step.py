"""A merge killed in front of every single step that it takes on disk."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from mergealign.merge.run import merge
from mergealign.recipe.merge import MergeRecipe, Models

from ._state import FINISHED

ROOT = Path(__file__).parents[2]


@pytest.mark.parametrize("had_output", [False, True], ids=["new", "overwrite"])
def test_killed_at_every_step(family: Callable[..., dict[str, Path]], tmp_path: Path, had_output: bool) -> None:
    """Each crash leaves the next run something to clean up, so that recovery is killed at every step as well."""
    root = tmp_path / "root"
    root.mkdir()
    folders = {role: folder.rename(root / role) for role, folder in family().items()}
    before = {f: f.read_bytes() for folder in folders.values() for f in folder.rglob("*")}
    recipe = MergeRecipe(models=Models(**{role: str(folder) for role, folder in folders.items()}))
    digest = merge(recipe, tmp_path / "expected").output.weights_digest
    if had_output:
        merge(recipe, root / "out")
    command = [sys.executable, "-m", "tests.faults._crash", str(root), digest, *(["had"] if had_output else [])]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    assert int(done.stdout) > 50
    assert {f.name for f in root.iterdir()} == FINISHED
    assert {f: f.read_bytes() for f in before} == before
