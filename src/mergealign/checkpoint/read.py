"""Bytes of tensors into buffers: positioned reads, so that a file that shrinks is an error and not a crash."""

from __future__ import annotations

import os
import threading
from contextlib import AbstractContextManager, suppress
from pathlib import Path
from typing import Any

import numpy as np

from ..errors import CheckpointError
from .files import FileStamp, file_stamp, open_file
from .header import Tensor

__all__ = ["TensorReader", "same_bytes"]


class TensorReader(AbstractContextManager["TensorReader"]):
    """Open files of any number of checkpoints, read by any number of threads."""

    def __init__(self) -> None:
        self._files: dict[Path, tuple[int, FileStamp]] = {}
        self._lock = threading.Lock()

    def _descriptor(self, tensor: Tensor) -> int:
        with self._lock:
            if tensor.file not in self._files:
                descriptor = open_file(tensor.file)
                _announce_reading(descriptor)
                self._files[tensor.file] = descriptor, file_stamp(descriptor)
            descriptor, stamp = self._files[tensor.file]
        if tensor.stamp not in (None, stamp):
            raise _changed(tensor.file, f" (noticed at tensor '{tensor.name}')")
        return descriptor

    def read(self, tensor: Tensor, offset: int, out: memoryview) -> None:
        """Fill `out` (bytes) from `offset` of the tensor. Raises CheckpointError if the file cannot give them."""
        done = 0
        try:
            file = self._descriptor(tensor)
            while done < len(out):
                n = os.preadv(file, [out[done:]], tensor.offset + offset + done)
                if n == 0:
                    raise CheckpointError(
                        f"{tensor.file} ends inside tensor '{tensor.name}': it was cut while being read",
                        cure="leave the inputs alone during a merge, or download the file again",
                    )
                done += n
        except OSError as e:
            raise CheckpointError(
                f"cannot read tensor '{tensor.name}' from {tensor.file}: {e.strerror}",
                cure="check the disk and permissions",
            ) from e

    def numbers(self, tensor: Tensor, start: int, stop: int) -> np.ndarray[Any, Any]:
        """Elements `start` to `stop` of a float tensor, as kernels expect them."""
        block = np.empty((stop - start) * tensor.dtype.n_bytes, np.uint8)
        self.read(tensor, start * tensor.dtype.n_bytes, block.data)
        return tensor.dtype.view(block)

    def close(self) -> None:
        with self._lock:
            while self._files:
                os.close(self._files.popitem()[1][0])

    def check_unchanged(self) -> None:
        """Raises CheckpointError if a file that was read is no longer what it was when it was opened."""
        with self._lock:
            for file, (descriptor, stamp) in self._files.items():
                if file_stamp(descriptor) != stamp:
                    raise _changed(file)

    def __exit__(self, error: type[BaseException] | None, *_: object) -> None:
        try:
            if error is None:
                self.check_unchanged()
        finally:
            self.close()


def _announce_reading(descriptor: int) -> None:
    """Tell the system that the file is read from front to back: it then reads further ahead."""
    if hasattr(os, "posix_fadvise"):  # not on macOS
        with suppress(OSError):  # a file system that takes no hints
            os.posix_fadvise(descriptor, 0, 0, os.POSIX_FADV_SEQUENTIAL)


def _changed(file: Path, where: str = "") -> CheckpointError:
    what = f"{file} was changed after its header was read{where}"
    return CheckpointError(what, cure="leave the inputs alone during a merge")


def same_bytes(first: Tensor, second: Tensor) -> bool:
    """Whether two tensors have the same dtype, shape and bytes."""
    if (first.dtype, first.shape) != (second.dtype, second.shape):
        return False
    piece = 1 << 20
    a, b = bytearray(min(piece, first.n_bytes)), bytearray(min(piece, first.n_bytes))
    with TensorReader() as reader:
        for at in range(0, first.n_bytes, piece):
            n = min(piece, first.n_bytes - at)
            reader.read(first, at, memoryview(a)[:n])
            reader.read(second, at, memoryview(b)[:n])
            if a[:n] != b[:n]:
                return False
    return True
