"""The whole lab: world, evaluation files, base, then domain and aligned side by side."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path

from ..checkpoint.output import output_folder
from ..errors import MissingExtraError, OutputError
from .folder import LabFolder, LabRecord, find_lab
from .items import write_suite
from .recipe import RECIPES, Recipe
from .world import Size

__all__ = ["Progress", "Step", "build_lab"]

PACKAGES = ("torch", "transformers", "tokenizers", "numpy")


@dataclass(frozen=True)
class Step:
    """One training step that is done."""

    stage: str
    step: int
    steps: int
    loss: float


Progress = Callable[[Step], None]


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
        children = {stage: _start(stage, folder, record.threads[stage]) for stage in stages}
        try:
            followed = {
                stage: pool.submit(_follow, child, stage, record.recipe.stages[stage].steps, progress)
                for stage, child in children.items()
            }
            return {stage: future.result() for stage, future in followed.items()}
        finally:
            for child in children.values():
                child.kill()


def _start(stage: str, folder: Path, threads: int) -> subprocess.Popen[str]:
    return subprocess.Popen(
        _command(stage, folder),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        env=os.environ
        | {
            "OMP_NUM_THREADS": str(threads),
            "GOMP_SPINCOUNT": "10000",  # on a busy machine, threads that spin for long are ten times slower
            "TOKENIZERS_PARALLELISM": "false",
        },
    )


def _command(stage: str, folder: Path) -> list[str]:
    return [sys.executable, "-m", "mergealign.lab.stage", str(folder), stage]


def _follow(child: subprocess.Popen[str], stage: str, steps: int, progress: Progress | None) -> float:
    """Pass the steps of a stage on until it ends. Returns the seconds it took."""
    start = time.monotonic()
    said = "it said nothing"
    with child:
        for line in child.stdout or ():
            try:
                step, loss = json.loads(line)
            except (ValueError, TypeError):
                said = line.strip() or said  # of a traceback, the last line counts
                continue
            if progress:
                progress(Step(stage, step, steps, loss))
    if code := child.returncode:
        raise OutputError(
            f"training '{stage}' ended with exit code {code}: {said}",
            cure="check disk space, memory and the installation of torch and transformers",
        )
    return round(time.monotonic() - start, 2)
