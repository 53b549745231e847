"""An output folder that appears complete or not at all: written beside its final name, renamed when done."""

from __future__ import annotations

import errno
import os
import secrets
import shutil
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from ..errors import OutputError

__all__ = ["check_output", "check_space", "output_folder"]

_SPARE_BYTES = 64 << 20  # config, tokenizer, record, and what the file system itself needs


def check_output(out: Path, inputs: Iterable[Path], *, overwrite: bool) -> None:
    """Refuse an output that exists (unless `overwrite`), is no folder, or overlaps an input. Raises OutputError."""
    target = out.resolve()
    for source in (p.resolve() for p in inputs):
        if target == source or target in source.parents or source in target.parents:
            raise OutputError(f"the output {out} overlaps the input {source}", cure="choose another --out")
    if not target.exists():
        return
    if not target.is_dir():
        raise OutputError(f"{out} exists and is not a folder", cure="choose another --out")
    if not overwrite and any(target.iterdir()):
        raise OutputError(f"{out} exists and is not empty", cure="choose another --out, or replace it with --overwrite")


def check_space(out: Path, n_bytes: int) -> None:
    """Refuse to start what the disk cannot hold. Raises OutputError."""
    parent = next(p for p in out.resolve().parents if p.exists())
    free = shutil.disk_usage(parent).free
    if free < n_bytes + _SPARE_BYTES:
        raise OutputError(
            f"{out} needs {n_bytes / 1e9:.1f} GB, its disk has {free / 1e9:.1f} GB free",
            cure="free space, or choose another --out",
        )


@contextmanager
def output_folder(out: Path) -> Iterator[Path]:
    """A new empty folder beside `out` that takes its place when the block ends, and vanishes if the block fails."""
    target = out.resolve()
    tag = f"{os.getpid()}-{secrets.token_hex(4)}"
    partial = target.with_name(f".{target.name}.partial-{tag}")
    try:
        partial.mkdir(parents=True)
        yield partial
        if target.exists():  # an empty folder, or one to be replaced: kept until the new one is complete
            old = target.with_name(f".{target.name}.old-{tag}")
            target.rename(old)
            try:
                partial.rename(target)
            except OSError:
                old.rename(target)
                raise
            shutil.rmtree(old)
        else:
            partial.rename(target)
    except OSError as e:
        cure = "free space, or choose another --out" if e.errno == errno.ENOSPC else "check the disk and permissions"
        raise OutputError(f"cannot write {out}: {e.strerror}", cure=cure) from e
    finally:
        with suppress(FileNotFoundError):
            shutil.rmtree(partial)
