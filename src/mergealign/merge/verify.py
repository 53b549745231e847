"""Is a merged folder still what was written? Its bytes against the digests of its record."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from ..checkpoint.digest import TensorDigest, bytes_digest, file_digest, tensor_digest, weights_digest
from ..checkpoint.dtypes import DTYPES
from ..checkpoint.folder import Checkpoint, open_checkpoint
from ..checkpoint.header import TensorSpec, header_bytes
from ..checkpoint.read import TensorReader
from ..errors import CheckpointError, MergeAlignError, Problem
from ..record.merge import MERGE_RECORD_FILE, MergeRecord, ModelRecord, TensorRecord
from ..record.reading import read_record_file

__all__ = ["CARD", "bytes_to_verify", "read_record", "verify"]

CARD = "README.md"  # people edit it; everything else decides what the model does
_LOADED = {".safetensors", ".bin", ".pt", ".pth", ".gguf", ".json", ".jinja", ".model", ".txt", ".py"}


def read_record(folder: Path) -> MergeRecord:
    """The record of a merged folder. Raises CheckpointError."""
    return read_record_file(
        folder / MERGE_RECORD_FILE,
        MergeRecord,
        is_not="not a merge record",
        if_missing="give a folder written by mergealign",
        if_broken="merge again",
        error=CheckpointError,
    )


def bytes_to_verify(record: MergeRecord, *, inputs: bool) -> int:
    """The bytes that `verify` will read: each weight once, however often the merge did."""
    models = [record.output, *(record.inputs.values() if inputs else ())]
    tensors = [(name, t) for model in models for name, t in model.tensors.items() if t.dtype in DTYPES]
    return sum(TensorSpec(name, DTYPES[t.dtype], t.shape).n_bytes for name, t in tensors)


def verify(
    folder: Path, record: MergeRecord, *, inputs: bool = False, progress: Callable[[int], None] | None = None
) -> tuple[list[Problem], list[str]]:
    """Recompute all digests: problems (what changed, by name) and notes (an edited model card).

    Args:
        inputs: also the three models that were merged, where the record says they were.
        progress: told the bytes as they are read.
    """
    problems, notes = [*_weights("output", folder, record.output, progress)], []
    if not problems:
        for name, digest in record.output.headers.items():
            if bytes_digest(header_bytes(folder / name)) != digest:
                problems.append(Problem(f"the header of {folder / name} differs from what was written", "merge again"))
    for name, digest in record.output.files.items():
        file = folder / name
        if not file.is_file():
            problems.append(Problem(f"{file} is missing", "merge again"))
        elif file_digest(file) != digest:
            if name == CARD:
                notes.append(f"{file} was edited")
            else:
                problems.append(Problem(f"{file} differs from what was written", "merge again"))
    known = {*record.output.files, *record.output.headers, MERGE_RECORD_FILE}
    for file in sorted(f for f in folder.rglob("*") if f.is_file() and str(f.relative_to(folder)) not in known):
        if file.suffix in _LOADED:
            problems.append(Problem(f"{file} was added; loaders may read it", "remove it"))
        else:
            notes.append(f"{file} was added")
    if inputs:
        for role, model in record.inputs.items():
            problems += _weights(role, Path(model.path), model, progress)
    return problems, notes


def _weights(role: str, folder: Path, record: ModelRecord, progress: Callable[[int], None] | None) -> Iterator[Problem]:
    try:
        digests = _digests(open_checkpoint(folder), progress)
    except MergeAlignError as e:
        yield from (Problem(f"{role}: {p.what}", p.cure) for p in e.problems)
        return
    found = {d.name: TensorRecord(dtype=d.dtype.name, shape=d.shape, digest=d.digest) for d in digests}
    cure = "merge again" if role == "output" else "restore the model, or merge again if it was meant to change"
    for name in sorted(found.keys() | record.tensors.keys()):
        if name not in record.tensors:
            yield Problem(f"{role}: tensor '{name}' was added in {folder}", cure)
        elif name not in found:
            yield Problem(f"{role}: tensor '{name}' is missing in {folder}", cure)
        elif found[name] != record.tensors[name]:
            yield Problem(f"{role}: tensor '{name}' in {folder} differs from what was recorded", cure)
    if found == record.tensors and weights_digest(digests) != record.weights_digest:
        yield Problem(f"{role}: the record in {folder} contradicts itself", cure)


def _digests(model: Checkpoint, progress: Callable[[int], None] | None) -> list[TensorDigest]:
    with TensorReader() as reader, ThreadPoolExecutor() as pool:
        return list(pool.map(lambda t: tensor_digest(reader, t, progress), model.tensors.values()))
