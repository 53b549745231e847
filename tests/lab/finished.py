"""A lab folder that looks finished, without its training."""

from __future__ import annotations

from pathlib import Path

from mergealign.lab.folder import LabRecord
from mergealign.lab.items import write_suite
from mergealign.lab.recipe import RECIPES, Recipe

from ..conftest import random_tensors, write_model

STAGES = ("base", "domain", "aligned")
SECONDS = dict.fromkeys(STAGES, 1.0)


def write_models(folder: Path) -> None:
    for seed, stage in enumerate(STAGES):
        write_model(folder / stage, random_tensors(seed))


def write_lab(
    folder: Path, *, seed: int = 0, recipe: Recipe | None = None, elapsed_s: dict[str, float] = SECONDS
) -> Path:
    """Record, evaluation files, and three models with random weights; the base was "trained" with one thread."""
    write_models(folder)
    write_suite(folder, seed, "small")
    LabRecord(
        seed=seed,
        size="small",
        recipe=recipe or RECIPES["small"],
        threads=dict.fromkeys(STAGES, 1),
        versions={},
        elapsed_s=elapsed_s,
    ).write(folder)
    return folder
