"""Where the data of a task comes from: a file the user names, one in a folder of data sets, or one on the Hub.

In this order: the task's `path`; the conventional name under the folder in the environment variable
MERGEALIGN_DATA_DIR, e.g. `gsm8k/test.jsonl`; the same file of a Hub data set, fetched into the Hub's own cache.
"""

from __future__ import annotations

import json
import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from ..checkpoint.digest import bytes_digest
from ..checkpoint.hub_call import hub_call, hub_token
from ..errors import EvaluationError, MergeAlignError, Problem

__all__ = ["DATA_DIR", "DataFile", "Source", "digest_of", "locate"]

DATA_DIR = "MERGEALIGN_DATA_DIR"


@dataclass(frozen=True)
class Source:
    """One file of a data set.

    Attributes:
        file: its conventional name in a folder of data sets.
        repo: the Hub data set that holds it, `org/name`; None if none is known.
        hub_file: its name there.
        home: where a person finds it.
    """

    file: str
    repo: str | None = None
    hub_file: str = ""
    home: str = ""


@dataclass(frozen=True)
class DataFile:
    """A file that is on this disk; `revision` is the commit of the Hub data set it belongs to, None elsewhere."""

    path: Path
    revision: str | None = None


def locate(source: Source, *, given: Path | None = None, revision: str | None = None) -> DataFile:
    """Find or fetch a file. Raises EvaluationError that names the file and the ways to get it.

    Args:
        given: the file the user names; no other place is looked at then.
        revision: branch, tag or commit of the Hub data set.
    """
    if given is not None:
        if given.is_file():
            return DataFile(given)
        raise EvaluationError(f"cannot read {given}: no such file", cure=f"correct the path; {_ways(source)}")
    folder = os.environ.get(DATA_DIR, "").strip()
    if folder and (Path(folder) / source.file).is_file():
        return DataFile(Path(folder) / source.file)
    if source.repo is not None:
        return _fetch(source, source.repo, revision)
    where = (
        f"there is no {Path(folder) / source.file}" if folder else f"{source.file} is needed and {DATA_DIR} is not set"
    )
    raise EvaluationError(where, cure=_ways(source))


def digest_of(files: Sequence[DataFile]) -> str:
    """XXH3-128 of one local file's bytes; of several, or from the Hub, over revisions and digests of all."""
    try:
        digests = [bytes_digest(f.path.read_bytes()) for f in files]
    except OSError as e:
        raise EvaluationError(f"cannot read {e.filename}: {e.strerror}", cure="check its permissions") from e
    if len(files) == 1 and files[0].revision is None:
        return digests[0]
    return bytes_digest(json.dumps([[f.revision, d] for f, d in zip(files, digests, strict=True)]).encode())


def _fetch(source: Source, repo: str, revision: str | None) -> DataFile:
    from huggingface_hub import hf_hub_download

    shown = f"datasets/{repo}" + (f"@{revision}" if revision else "")
    try:
        with hub_call(shown, None, EvaluationError):
            found = hf_hub_download(
                repo,
                source.hub_file,
                repo_type="dataset",
                revision=revision,
                token=hub_token() or False,
                library_name="mergealign",
            )
    except MergeAlignError as e:
        problems = (Problem(f"{source.hub_file}: {p.what}", f"{p.cure}; or {_ways(source)}") for p in e.problems)
        raise EvaluationError(*problems) from e
    parts = Path(found).parts
    commit = parts[parts.index("snapshots") + 1] if "snapshots" in parts else None
    return DataFile(Path(found), commit)


def _ways(source: Source) -> str:
    ways = ["name a file with 'path' in the suite"]
    if source.file:
        ways.append(f"put it at ${DATA_DIR}/{source.file}")
    home = f" (from {source.home})" if source.home else ""
    return ", or ".join(ways) + home
