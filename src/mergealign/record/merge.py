"""What a merge did: `mergealign.json` in the output folder."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import BaseModel, ConfigDict

__all__ = ["MERGE_RECORD_FILE", "MergeRecord", "ModelRecord", "TensorRecord"]

MERGE_RECORD_FILE = "mergealign.json"


class _Record(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", defer_build=True)


class TensorRecord(_Record):
    """Identity of one tensor; `digest` is XXH3-128 over the digests of its 1 MiB pieces."""

    dtype: str
    shape: tuple[int, ...]
    digest: str


class ModelRecord(_Record):
    """Identity of one model.

    Attributes:
        source: as the user named it.
        path: the folder it was read from or written to.
        revision: the Hub's commit, where it came from there.
        weights_digest: XXH3-128 over its tensors, independent of sharding.
        tensors: by name.
        headers: digest of the first bytes of each weight file, up to where the tensors begin (output only).
        files: digest of each other file that was written (output only).
    """

    source: str
    path: str
    revision: str | None = None
    weights_digest: str
    tensors: dict[str, TensorRecord]
    headers: dict[str, str] = {}
    files: dict[str, str] = {}


class MergeRecord(_Record):
    """A merge: what from, what into, how, when and with what.

    Attributes:
        created: UTC, ISO 8601.
        recipe: fully resolved, all defaults filled in.
        inputs: by role.
        notes: what the user was told.
        versions: of Python and packages.
        n_parameters: numbers in the output.
        bytes_read, bytes_written: of weights; what a method goes over in several passes counts as often.
        wall_s: from plan to the finished folder.
        throughput_bytes_per_s: bytes read and written by the seconds of streaming.
    """

    schema_version: Literal[1] = 1
    kind: Literal["merge"] = "merge"
    created: str
    recipe: dict[str, Any]
    inputs: dict[str, ModelRecord]
    output: ModelRecord
    notes: tuple[str, ...]
    versions: dict[str, str]
    threads: int
    n_parameters: int
    bytes_read: int
    bytes_written: int
    wall_s: float
    throughput_bytes_per_s: float
