"""The whole job: check, plan, stream into a folder, surround the weights, record, rename."""

from __future__ import annotations

import os
import tempfile
import time
from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from ..checkpoint.digest import TensorDigest, bytes_digest, file_digest, weights_digest, weights_digest_of_folder
from ..checkpoint.folder import CONFIG, INDEX, read_weights
from ..checkpoint.output import check_output, check_space, output_folder
from ..errors import MergeAlignError, OutputError
from ..record.merge import MERGE_RECORD_FILE, MergeRecord, ModelRecord, TensorRecord
from ..record.versions import software_versions
from .card import model_card
from .folder import FolderSink
from .plan import MergePlan, Recipe, make_plan
from .stream import Digests, stream
from .surroundings import config_bytes, write_surroundings
from .verify import CARD, read_record, verify

__all__ = ["find_merge", "merge", "run_plan"]


def merge(
    recipe: Recipe,
    out: Path,
    *,
    threads: int | None = None,
    overwrite: bool = False,
    allow_unrelated: bool = False,
    progress: Callable[[int], None] | None = None,
) -> MergeRecord:
    """Merge checkpoints into the folder `out`, which appears when it is complete.

    Args:
        threads: default one per core.
        overwrite: replace `out` if it exists; the old folder stays until the new one is complete.
        allow_unrelated: merge models that do not seem to come from one base.
        progress: told the bytes read and written as they pass, from many threads.
    Raises:
        MergeAlignError: whatever the user can mend; nothing is left behind.
    """
    started = time.perf_counter()
    plan = make_plan(recipe, allow_unrelated=allow_unrelated)
    check_output(out, (m.folder for m in plan.models.values()), overwrite=overwrite)
    return run_plan(plan, out, threads=threads, overwrite=overwrite, progress=progress, started=started)


def run_plan(
    plan: MergePlan,
    out: Path,
    *,
    threads: int | None = None,
    overwrite: bool = False,
    progress: Callable[[int], None] | None = None,
    started: float | None = None,
) -> MergeRecord:
    """Carry out a plan whose output has been checked (see `merge`)."""
    started = time.perf_counter() if started is None else started
    threads = threads or os.cpu_count() or 1
    check_space(out, plan.bytes_written)
    with output_folder(out, overwrite=overwrite) as folder:
        before_stream = time.perf_counter()
        with FolderSink(folder, plan) as sink:
            digests = stream(plan, sink, threads=threads, progress=progress)
            index = sink.write_index()
        stream_s = time.perf_counter() - before_stream
        files = write_surroundings(plan, folder)
        output_digest = weights_digest(digests.output)
        (folder / CARD).write_text(model_card(plan, out.resolve().name, output_digest), encoding="utf-8")
        config = config_bytes(plan)
        record = MergeRecord(
            created=datetime.now(UTC).isoformat(timespec="seconds"),
            recipe=plan.recipe,
            inputs=_input_records(plan, digests),
            output=_model_record(
                str(out),
                out.resolve(),
                digests.output,
                headers={shard.file_name: bytes_digest(shard.header) for shard in sink.shards},
                files={
                    **{name: file_digest(folder / name) for name in (*files, *index, CARD)},
                    CONFIG: bytes_digest(config),
                },
            ),
            notes=plan.notes,
            versions=software_versions(["numpy", "numba", "pydantic", "xxhash"]),
            threads=threads,
            n_parameters=plan.n_parameters,
            bytes_read=digests.bytes_read,
            bytes_written=plan.bytes_written,
            wall_s=time.perf_counter() - started,
            throughput_bytes_per_s=(digests.bytes_read + plan.bytes_written) / stream_s,
        )
        (folder / MERGE_RECORD_FILE).write_text(record.model_dump_json(indent=1) + "\n", encoding="utf-8")
        _verify(plan, folder)
        (folder / CONFIG).write_bytes(config)  # last: without it nothing loads the folder
    return record


def find_merge(out: Path, recipe: Recipe) -> MergeRecord | None:
    """The record in `out` if that folder is, bit for bit, what `recipe` would give now; else None."""
    try:
        record = read_record(out)
        wanted = make_plan(recipe)
        current = {role: weights_digest_of_folder(model.folder) for role, model in wanted.models.items()}
        problems, _ = verify(out, record)
    except MergeAlignError:
        return None  # nothing there, or nothing that can be reused
    same_inputs = current == {role: model.weights_digest for role, model in record.inputs.items()}
    same_recipe = record.recipe == wanted.recipe
    return record if same_inputs and same_recipe and not problems and _same_surroundings(wanted, record) else None


def _same_surroundings(plan: MergePlan, record: MergeRecord) -> bool:
    """Whether config, tokenizer and templates of the inputs would give the files of the record."""
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        files = {name: file_digest(folder / name) for name in write_surroundings(plan, folder)}
    files[CONFIG] = bytes_digest(config_bytes(plan))
    return files == {name: digest for name, digest in record.output.files.items() if name not in (CARD, INDEX)}


def _verify(plan: MergePlan, folder: Path) -> None:
    """Read the headers of what was written as a loader would."""
    written = {(t.name, t.dtype, t.shape) for t in read_weights(folder)[0].values()}
    if written != {(t.spec.name, t.spec.dtype, t.spec.shape) for t in plan.tensors}:
        raise OutputError("the folder that was written does not hold what was planned", cure="report this as a bug")


def _input_records(plan: MergePlan, digests: Digests) -> dict[str, ModelRecord]:
    return {
        label: _model_record(plan.request.models[label], model.folder, digests.inputs[label], revision=model.revision)
        for label, model in plan.models.items()
    }


def _model_record(source: str, path: Path, tensors: Iterable[TensorDigest], **more: Any) -> ModelRecord:
    tensors = tuple(tensors)
    return ModelRecord(
        source=source,
        path=str(path),
        weights_digest=weights_digest(tensors),
        tensors={t.name: TensorRecord(dtype=t.dtype.name, shape=t.shape, digest=t.digest) for t in tensors},
        **more,
    )
