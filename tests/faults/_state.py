"""What a disk may look like after a crash, and what it must not."""

from __future__ import annotations

from pathlib import Path

from mergealign.checkpoint.digest import weights_digest_of_folder
from mergealign.errors import MergeAlignError
from mergealign.merge.verify import read_record, verify

PARTIAL, OLD = ".out.mergealign-partial", ".out.mergealign-old"
FINISHED = {"base", "domain", "aligned", "out"}


def is_whole(model: Path, digest: str) -> bool:
    """Whether a folder is a finished merge, bit for bit: weights, config, tokenizer and record."""
    if weights_digest_of_folder(model) != digest:
        return False
    problems, notes = verify(model, read_record(model))
    return not problems and not notes


def loads(model: Path) -> bool:
    try:
        weights_digest_of_folder(model)
    except MergeAlignError:
        return False
    return True


def check_after_crash(root: Path, digest: str, *, had_output: bool) -> None:
    """Nothing half-written loads; what has the output's name is whole; what was there before is not lost."""
    out, partial, old = root / "out", root / PARTIAL, root / OLD
    if out.exists():
        assert is_whole(out, digest)
    elif had_output:
        assert is_whole(old, digest)  # between two renames: the next run puts it back
    if partial.exists() and loads(partial):
        assert is_whole(partial, digest)  # finished, and killed just before its last rename
