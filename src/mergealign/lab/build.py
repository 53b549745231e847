"""The whole lab: world, evaluation files, base, then domain and aligned side by side."""

from __future__ import annotations

import os
import sys
from concurrent.futures import ThreadPoolExecutor
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path

from ..checkpoint.output import output_folder
from ..errors import MissingExtraError
from .folder import LabFolder, LabRecord, find_lab
from .items import write_suite
from .process import Progress, Step, follow, start
from .recipe import RECIPES, Recipe
from .world import Size

__all__ = ["Progress", "Step", "build_lab"]

PACKAGES = ("torch", "transformers", "tokenizers", "numpy")


def build_lab(
    out: Path,
    *,
    seed: int = 0,
    size: Size = "small",
    threads: int | None = None,
    recipe: Recipe | None = None,
    progress: Progress | None = None,
) -> LabFolder:
    """Train the family into `out`, or reuse what is there if it is the same lab.

    Args:
        out: the folder to make. It appears under its name when it is complete.
        seed: decides the world, the splits, the weights and the order of documents.
        size: which world and which recipe.
        threads: of the base stage, default 2 at most; the others take one each. Weights are the same for the same
            number only; where none is given, a lab built with any number is reused.
        recipe: instead of the one for `size`.
        progress: called after every step, from a thread.

    Raises:
        OutputError: `out` holds something else, or training failed.
        MissingExtraError: torch, transformers or tokenizers are not installed.
    """
    recipe = recipe or RECIPES[size]
    out = out.absolute()
    if found := find_lab(out, seed, size, recipe, threads):
        return found
    if any(find_spec(package) is None for package in PACKAGES):
        raise MissingExtraError("the lab", "eval")
    record = LabRecord(
        seed=seed,
        size=size,
        recipe=recipe,
        threads={"base": threads or min(2, os.cpu_count() or 1), "domain": 1, "aligned": 1},
        versions={package: version(package) for package in PACKAGES},
    )
    with output_folder(out) as folder:
        record.write(folder)
        write_suite(folder, seed, size)
        elapsed_s = _train(["base"], folder, record, progress) | _train(["domain", "aligned"], folder, record, progress)
        record = record.model_copy(update={"elapsed_s": elapsed_s})
        record.write(folder)  # says that the lab is finished
    return LabFolder(out, record, reused=False)


def _train(stages: list[str], folder: Path, record: LabRecord, progress: Progress | None) -> dict[str, float]:
    """Run the stages at the same time, each in its process. Returns the seconds each took."""
    with ThreadPoolExecutor(len(stages)) as pool:
        children = {stage: start(_command(stage, folder), record.threads[stage]) for stage in stages}
        try:
            followed = {
                stage: pool.submit(follow, child, stage, record.recipe.stages[stage].steps, progress)
                for stage, child in children.items()
            }
            return {stage: future.result() for stage, future in followed.items()}
        finally:
            for child in children.values():
                child.kill()


def _command(stage: str, folder: Path) -> list[str]:
    return [sys.executable, "-m", "mergealign.lab.stage", str(folder), stage]
