"""A file that changes under the reader is an error that names it."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from mergealign.checkpoint.header import Tensor, read_header
from mergealign.checkpoint.read import TensorReader
from mergealign.errors import CheckpointError

from ..conftest import random_tensors, write_model


@pytest.fixture
def tensor(tmp_path: Path) -> Tensor:
    """The last tensor of a file."""
    return read_header(write_model(tmp_path, random_tensors(0)) / "model.safetensors")[-1]


def read(reader: TensorReader, tensor: Tensor) -> None:
    reader.read(tensor, 0, memoryview(bytearray(tensor.n_bytes)))


def test_growing_after_it_was_opened(tensor: Tensor) -> None:
    reader = TensorReader()
    read(reader, tensor)
    with tensor.file.open("ab") as f:
        f.write(b"x")
    with pytest.raises(CheckpointError, match=r"model\.safetensors was changed after its header was read"):
        reader.__exit__(None)


def test_shrinking_after_it_was_opened(tensor: Tensor) -> None:
    with TensorReader() as reader:
        read(reader, tensor)
        os.truncate(tensor.file, tensor.offset + 10)
        with pytest.raises(CheckpointError, match=rf"ends inside tensor '{tensor.name}'"):
            read(reader, tensor)
        reader.close()


def test_changing_between_header_and_opening(tensor: Tensor) -> None:
    with tensor.file.open("ab") as f:
        f.write(b"x")
    with TensorReader() as reader, pytest.raises(CheckpointError, match=f"changed .* tensor '{tensor.name}'"):
        read(reader, tensor)
