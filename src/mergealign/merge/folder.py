"""A Sink that writes safetensors files: laid out and allocated first, then filled in any order by any thread."""

from __future__ import annotations

import errno
import json
import os
from collections.abc import Sequence
from contextlib import AbstractContextManager
from pathlib import Path

from ..checkpoint.folder import INDEX
from ..checkpoint.shards import Shard, lay_out
from .plan import MergePlan, PlannedTensor

__all__ = ["FolderSink"]


class FolderSink(AbstractContextManager["FolderSink"]):
    """The weight files of one output folder, open while the block lasts."""

    def __init__(self, folder: Path, plan: MergePlan) -> None:
        self.shards: Sequence[Shard] = lay_out([t.spec for t in plan.tensors], plan.request.max_shard_size)
        self._folder = folder
        self._total_bytes = plan.bytes_written
        self._files: list[int] = []
        self._place: dict[str, tuple[int, int]] = {}

    def __enter__(self) -> FolderSink:
        try:
            for shard in self.shards:
                file = os.open(self._folder / shard.file_name, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o644)
                self._files.append(file)
                _allocate(file, shard.n_bytes)
                _write_all(file, memoryview(shard.header), 0)
                self._place |= {name: (file, offset) for name, offset in shard.offsets.items()}
        except BaseException:
            self.close()
            raise
        return self

    def write(self, tensor: PlannedTensor, offset: int, data: memoryview) -> None:
        file, start = self._place[tensor.spec.name]
        _write_all(file, data, start + offset)

    def write_index(self) -> list[str]:
        """Write the index of a sharded folder; a single file needs none. Returns the names of what was written."""
        if len(self.shards) > 1:
            weight_map = {name: shard.file_name for shard in self.shards for name in shard.offsets}
            index = {"metadata": {"total_size": self._total_bytes}, "weight_map": dict(sorted(weight_map.items()))}
            (self._folder / INDEX).write_text(json.dumps(index, indent=2) + "\n", encoding="utf-8")
            return [INDEX]
        return []

    def close(self) -> None:
        while self._files:
            os.close(self._files.pop())

    def __exit__(self, *_: object) -> None:
        self.close()


def _allocate(file: int, n_bytes: int) -> None:
    """Reserve the space, so that a full disk shows at once; macOS and some file systems can only set the size."""
    if hasattr(os, "posix_fallocate"):
        try:
            os.posix_fallocate(file, 0, n_bytes)
            return
        except OSError as e:
            if e.errno not in (errno.EOPNOTSUPP, errno.EINVAL):
                raise
    os.ftruncate(file, n_bytes)


def _write_all(file: int, data: memoryview, offset: int) -> None:
    done = 0
    while done < len(data):
        done += os.pwrite(file, data[done:], offset + done)
