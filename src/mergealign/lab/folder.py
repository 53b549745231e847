"""A finished lab on disk, and the record that says how it was made."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from pydantic import Field, ValidationError

from ..checkpoint.folder import open_checkpoint
from ..errors import CheckpointError, OutputError, Problem
from ..recipe.strict import StrictModel
from .items import suite_files
from .recipe import Recipe
from .world import Size

__all__ = ["LabFolder", "LabRecord", "find_lab", "read_record"]

RECORD = "lab.json"


class LabRecord(StrictModel):
    """The content of lab.json. While the lab is being built, `elapsed_s` is empty."""

    schema_version: Literal[1] = 1
    seed: int
    size: Size
    recipe: Recipe
    threads: dict[str, int]
    versions: dict[str, str]
    elapsed_s: dict[str, float] = Field(default_factory=dict)

    def write(self, folder: Path) -> None:
        (folder / RECORD).write_text(self.model_dump_json(indent=2) + "\n", encoding="utf-8")


def read_record(folder: Path) -> LabRecord:
    """lab.json of a folder. Raises OSError or pydantic.ValidationError."""
    return LabRecord.model_validate_json((folder / RECORD).read_bytes())


@dataclass(frozen=True)
class LabFolder:
    """Where the parts of a lab lie."""

    path: Path
    record: LabRecord
    reused: bool

    @property
    def base(self) -> Path:
        return self.path / "base"

    @property
    def domain(self) -> Path:
        return self.path / "domain"

    @property
    def aligned(self) -> Path:
        return self.path / "aligned"

    @property
    def guard(self) -> Path:
        """The guard model, where one was built."""
        return self.path / "guard"

    @property
    def suite(self) -> Path:
        return self.path / "suite.yml"


def find_lab(path: Path, seed: int, size: Size, recipe: Recipe, threads: int | None = None) -> LabFolder | None:
    """The lab at `path` if it is the one asked for, None if nothing is there. Raises OutputError otherwise."""
    if not path.exists():
        return None
    cure = "choose another --out or remove it"
    try:
        record = read_record(path)
    except (OSError, ValidationError) as e:
        raise OutputError(f"{path} exists and is not a lab of this version", cure=cure) from e
    if (record.seed, record.size) != (seed, size):
        raise OutputError(f"{path} holds another lab: size {record.size}, seed {record.seed}", cure=cure)
    if record.recipe != recipe:
        raise OutputError(f"{path} holds a lab trained by another recipe", cure=cure)
    if threads is not None and record.threads.get("base") != threads:
        raise OutputError(f"{path} holds a lab trained with another number of threads: {record.threads}", cure=cure)
    lab = LabFolder(path, record, reused=True)
    if record.elapsed_s.keys() != recipe.stages.keys():
        raise OutputError(f"{path} holds a lab that was never finished", cure=cure)
    try:
        for model in (lab.base, lab.domain, lab.aligned):
            open_checkpoint(model)
    except CheckpointError as e:
        raise OutputError(*e.problems, Problem(f"{path} holds a lab that is damaged", cure)) from e
    if changed := [name for name, text in suite_files(seed, size).items() if not _holds(path / name, text)]:
        raise OutputError(f"{path / changed[0]} is not what this version writes for that lab", cure=cure)
    return lab


def _holds(file: Path, text: str) -> bool:
    try:
        return file.read_bytes() == text.encode()
    except OSError:
        return False
