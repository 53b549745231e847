"""The output folder of a search: what lies where in it, and that one process at a time works there.

OUT/merged/            the winner: a checkpoint with its own record
OUT/study.json         the search, the choice and its confirmation
OUT/scores.json        base, expert, aligned, winner and compared methods on test items; answers.jsonl beside it
OUT/development.json   base, expert and aligned on development items
OUT/study.journal      all trials, for --resume and optuna-dashboard
OUT/.cache.sqlite      answers that were given, so that an interrupted evaluation goes on where it was
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import shutil
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from ..errors import OutputError
from ..record.study import STUDY_RECORD_FILE

__all__ = ["Place", "check_place", "open_place"]

_ANOTHER = "choose another --out"


@dataclass(frozen=True)
class Place:
    """Paths in an output folder.

    Attributes:
        beside: names of other things that may lie there, inputs among them (the lab of a demo).
    """

    folder: Path
    beside: tuple[str, ...] = ()

    @property
    def merged(self) -> Path:
        return self.folder / "merged"

    @property
    def study(self) -> Path:
        return self.folder / STUDY_RECORD_FILE

    @property
    def scores(self) -> Path:
        return self.folder / "scores.json"

    @property
    def answers(self) -> Path:
        return self.folder / "answers.jsonl"

    @property
    def development(self) -> Path:
        return self.folder / "development.json"

    @property
    def journal(self) -> Path:
        return self.folder / "study.journal"

    @property
    def cache(self) -> Path:
        return self.folder / ".cache.sqlite"

    @property
    def parts(self) -> tuple[Path, ...]:
        """All that a search writes."""
        sqlite = (self.cache, *(self.cache.with_name(self.cache.name + end) for end in ("-wal", "-shm")))
        return (self.study, self.scores, self.answers, self.development, self.journal, self.merged, *sqlite)


def check_place(place: Place, inputs: Iterable[Path], *, resume: bool, overwrite: bool) -> None:
    """Raises OutputError where a search must not, or cannot, write. Nothing is written."""
    out = place.folder
    target = out.resolve()
    neighbors = [target / name for name in place.beside]
    for source in (p.resolve() for p in inputs):
        if any(source.is_relative_to(neighbor) for neighbor in neighbors):
            continue
        if target == source or source in target.parents or target in source.parents:
            raise OutputError(f"the output {out} overlaps the input {source}", cure=_ANOTHER)
    if os.path.lexists(target) and not target.is_dir():
        raise OutputError(f"{out} exists and is not a folder", cure=_ANOTHER)
    there = {f.name for f in target.iterdir()} - set(place.beside) if target.is_dir() else set()
    if resume or not there:
        return
    if not place.journal.is_file():
        raise OutputError(f"{out} exists and holds no search", cure=_ANOTHER)
    if not overwrite:
        raise OutputError(f"{out} holds a search", cure="go on with --resume, start anew with --overwrite")


@contextlib.contextmanager
def open_place(place: Place, inputs: Iterable[Path], *, resume: bool, overwrite: bool) -> Iterator[None]:
    """The folder, made if need be and locked while the block lasts; `overwrite` removes what an earlier search wrote.

    Raises OutputError: see `check_place`; another process searches there; the disk says no.
    """
    check_place(place, inputs, resume=resume, overwrite=overwrite)
    out = place.folder
    try:
        out.mkdir(parents=True, exist_ok=True)
        descriptor = os.open(out, os.O_RDONLY | os.O_DIRECTORY)
    except OSError as e:
        raise OutputError(f"cannot write {out}: {e.strerror}", cure=_ANOTHER) from e
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise OutputError(f"another search is running in {out}", cure=f"wait for it, or {_ANOTHER}") from None
        except OSError as e:
            raise OutputError(f"{out} cannot be locked: {e.strerror}", cure="choose a local disk for --out") from e
        if overwrite and not resume:
            _remove(place)
        yield
    finally:
        os.close(descriptor)


def _remove(place: Place) -> None:
    try:
        for part in place.parts:
            if part.is_dir() and not part.is_symlink():
                shutil.rmtree(part)
            else:
                part.unlink(missing_ok=True)
    except OSError as e:
        raise OutputError(f"cannot remove {e.filename}: {e.strerror}", cure="remove it by hand") from e
