"""An output folder that appears complete or not at all: written beside its final name, renamed when done.

Beside an output NAME there are at most, and only while a merge runs or after one was killed:

    .NAME.mergealign-partial    what is being written; its writer holds a lock on the folder
    .NAME.mergealign-old        what is being replaced, whole, for the moment between two renames
    .NAME.mergealign-trash      what was replaced, while it is being deleted

The lock dies with its process, whatever kills it. So a partial folder that can be locked is nobody's, and the next
writer empties it; one that cannot is being written, and the next writer gives way.
"""

from __future__ import annotations

import errno
import fcntl
import os
import shutil
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from ..errors import OutputError

__all__ = ["check_output", "check_space", "output_folder"]

_SPARE_BYTES = 64 << 20  # config, tokenizer, record, and what the file system itself needs
_ANOTHER = "choose another --out"


def check_output(out: Path, inputs: Iterable[Path], *, overwrite: bool) -> None:
    """Refuse an output that exists (unless `overwrite`), is no folder, or overlaps an input. Raises OutputError."""
    try:
        target = out.resolve()
        for source in (p.resolve() for p in inputs):
            if target == source or target in source.parents or source in target.parents:
                raise OutputError(f"the output {out} overlaps the input {source}", cure=_ANOTHER)
        _check_free(out, target, overwrite=overwrite)
    except (OSError, RuntimeError) as e:  # RuntimeError: a loop of links
        raise OutputError(f"cannot write {out}: {e}", cure=_ANOTHER) from e


def _check_free(out: Path, target: Path, *, overwrite: bool) -> None:
    if not os.path.lexists(target):
        return
    if not target.is_dir():
        raise OutputError(f"{out} exists and is not a folder", cure=_ANOTHER)
    if not overwrite and any(target.iterdir()):
        raise OutputError(f"{out} exists and is not empty", cure="choose another --out, or replace it with --overwrite")


def check_space(out: Path, n_bytes: int) -> None:
    """Refuse to start what the disk cannot hold. Raises OutputError."""
    try:
        free = shutil.disk_usage(next(p for p in out.resolve().parents if p.exists())).free
    except OSError as e:
        raise _refusal(out, e) from e
    if free < n_bytes + _SPARE_BYTES:
        raise OutputError(
            f"{out} needs {n_bytes / 1e9:.1f} GB, its disk has {free / 1e9:.1f} GB free",
            cure="free space, or choose another --out",
        )


@contextmanager
def output_folder(out: Path, *, overwrite: bool = False) -> Iterator[Path]:
    """A new empty folder beside `out` that takes its place when the block ends, and vanishes if the block fails.

    What an earlier writer left when it was killed is cleared away first, and what it was replacing put back.

    Raises:
        OutputError: another process is writing the same output; it exists (see `check_output`); the disk says no.
    """
    target = out.resolve()
    partial, old, trash = (target.with_name(f".{target.name}.mergealign-{w}") for w in ("partial", "old", "trash"))
    new_parents = [p for p in target.parents if not p.exists()]
    complete = False
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        lock = _lock(out, partial)
        try:
            _recover(target, old, trash)
            _check_free(out, target, overwrite=overwrite)
            yield partial
            _move(partial, target, old, overwrite=overwrite)
            complete = True
            _discard(old, trash)
        finally:
            if not complete:
                shutil.rmtree(partial, ignore_errors=True)
            os.close(lock)
    except OSError as e:
        raise _refusal(out, e) from e
    finally:
        if not complete:
            with suppress(OSError):  # not empty: somebody else works there
                for parent in new_parents:
                    parent.rmdir()


def _lock(out: Path, partial: Path) -> int:
    """An empty folder `partial` that no other process writes: new, or left by one that died."""
    while True:
        try:
            partial.mkdir()
        except FileExistsError:
            made = False
        else:
            made = True
        try:
            descriptor = os.open(partial, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)
        except FileNotFoundError:
            continue  # its writer finished just now
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            mine = os.path.lexists(partial) and os.path.samestat(os.fstat(descriptor), os.lstat(partial))
        except BlockingIOError:
            os.close(descriptor)
            raise _busy(out, f"wait for it, or {_ANOTHER}") from None
        except OSError:  # a file system without locks: only the folder itself says that somebody is at work
            if made:
                return descriptor
            os.close(descriptor)
            raise _busy(out, f"wait for it; if none is running, remove {partial}") from None
        if mine:
            _empty(partial)
            return descriptor
        os.close(descriptor)  # renamed or removed while we waited for nothing


def _busy(out: Path, cure: str) -> OutputError:
    return OutputError(f"another merge is writing {out} right now", cure=cure)


def _empty(folder: Path) -> None:
    for entry in os.scandir(folder):
        if entry.is_dir(follow_symlinks=False):
            shutil.rmtree(entry.path)
        else:
            os.unlink(entry.path)


def _recover(target: Path, old: Path, trash: Path) -> None:
    """Finish what a killed writer began: what it was replacing goes back if nothing has taken its place."""
    shutil.rmtree(trash, ignore_errors=True)
    if old.is_dir():
        try:
            old.rename(target)
        except OSError:
            _discard(old, trash)


def _move(partial: Path, target: Path, old: Path, *, overwrite: bool) -> None:
    """Give the finished folder its name. A folder that is not empty is moved aside for a moment, if `overwrite`."""
    try:
        partial.rename(target)  # also onto an empty folder
    except OSError as e:
        if not overwrite or e.errno not in (errno.ENOTEMPTY, errno.EEXIST):
            raise
        target.rename(old)
        try:
            partial.rename(target)
        except BaseException:
            old.rename(target)
            raise


def _discard(old: Path, trash: Path) -> None:
    """Delete under another name, so that `old` is always whole. What cannot be deleted now, the next writer deletes."""
    with suppress(OSError):
        old.rename(trash)
    shutil.rmtree(trash, ignore_errors=True)


def _refusal(out: Path, e: OSError) -> OutputError:
    if e.errno in (errno.ENOTEMPTY, errno.EEXIST):
        return OutputError(f"{out} was made by somebody else in the meantime", cure=_ANOTHER)
    if e.errno in (errno.ENOSPC, errno.EDQUOT):
        return OutputError(f"cannot write {out}: {e.strerror}", cure="free space, or choose another --out")
    where = f" ({e.filename})" if e.filename else ""
    return OutputError(f"cannot write {out}: {e.strerror or e}{where}", cure="check the disk and permissions")
