"""The header reader: agrees with the safetensors library on good files, refuses bad ones by name."""

from __future__ import annotations

import json
import struct
from pathlib import Path

import pytest

from mergealign.checkpoint.dtypes import DTYPES
from mergealign.checkpoint.header import encode_header, read_header
from mergealign.errors import CheckpointError

from ..conftest import SHAPES, random_tensors, write_model

GOOD = {
    "a": {"dtype": "F32", "shape": [2], "data_offsets": [0, 8]},
    "b": {"dtype": "U8", "shape": [], "data_offsets": [8, 9]},
}


def raw(header: object, data: bytes = bytes(9), length: int | None = None) -> bytes:
    text = header if isinstance(header, bytes) else json.dumps(header).encode()
    return struct.pack("<Q", len(text) if length is None else length) + text + data


def changed(name: str, **change: object) -> dict[str, object]:
    return {**GOOD, name: {**GOOD[name], **change}}


def test_reads_what_safetensors_writes(tmp_path: Path) -> None:
    tensors = random_tensors(0)
    found = {t.name: t for t in read_header(write_model(tmp_path, tensors) / "model.safetensors")}
    data = (tmp_path / "model.safetensors").read_bytes()
    assert {n: t.shape for n, t in found.items()} == SHAPES
    for name, t in found.items():
        import torch

        assert t.dtype.name == "BF16"
        assert data[t.offset : t.offset + t.n_bytes] == tensors[name].view(torch.int16).numpy().tobytes()


def test_writes_what_safetensors_reads(tmp_path: Path) -> None:
    from safetensors import safe_open

    entries = [("x", DTYPES["F32"], (2, 3), 24), ("é", DTYPES["BF16"], (0,), 0), ("y", DTYPES["BF16"], (1,), 2)]
    header = encode_header(entries)
    assert len(header) % 8 == 0
    (tmp_path / "m.safetensors").write_bytes(header + bytes(26))
    with safe_open(tmp_path / "m.safetensors", "pt") as f:
        assert {n: f.get_slice(n).get_shape() for n in f.keys()} == {"x": [2, 3], "é": [0], "y": [1]}  # noqa: SIM118
        assert f.metadata() == {"format": "pt"}
    assert [(t.name, t.shape) for t in read_header(tmp_path / "m.safetensors")] == [
        ("x", (2, 3)),
        ("é", (0,)),
        ("y", (1,)),
    ]


def test_the_good_header_is_good(tmp_path: Path) -> None:
    (tmp_path / "m").write_bytes(raw(GOOD))
    assert [t.name for t in read_header(tmp_path / "m")] == ["a", "b"]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "0 bytes"),
        (b"1234", "4 bytes"),
        (raw(GOOD, length=10**6), "claims 1000000 bytes"),
        (raw(GOOD, length=2**63), "claims"),
        (raw(b"not json"), "not JSON"),
        (raw(b"\xff\xfe"), "not JSON"),
        (raw(b"[" * 100_000), "not JSON"),
        (raw(b'{"a": 1'), "not JSON"),
        (raw([1]), "not a JSON object"),
        (raw(b'{"a": 1, "a": 2}'), "names 'a' twice"),
        (raw(b'{"a": {"dtype": "F32", "dtype": "F32"}}'), "names 'dtype' twice"),
        (raw({**GOOD, "__metadata__": {"x": 1}}), "__metadata__"),
        (raw({**GOOD, "a": 3}), "'a' needs exactly"),
        (raw({**GOOD, "a": {**GOOD["a"], "extra": 1}}), "'a' needs exactly"),
        (raw(changed("a", dtype="F31")), "unknown dtype 'F31'"),
        (raw(changed("a", dtype=["F32"])), "unknown dtype"),
        (raw(changed("a", shape=[2.0])), "'a' has an impossible shape"),
        (raw(changed("a", shape=[-2])), "'a' has an impossible shape"),
        (raw(changed("a", shape=[True])), "'a' has an impossible shape"),
        (raw(changed("a", shape=2)), "'a' has an impossible shape"),
        (raw(changed("a", shape=[2**60, 2**60])), "'a' has an impossible shape"),
        (raw(changed("a", shape=[3])), "does not fit 8 bytes"),
        (raw(changed("a", data_offsets=[0])), "impossible data_offsets"),
        (raw(changed("a", data_offsets=[0, "8"])), "impossible data_offsets"),
        (raw(changed("a", data_offsets=[8, 0])), "'a' lies at bytes 8 to 0"),
        (raw(changed("a", data_offsets=[-8, 0])), "'a' lies at bytes -8"),
        (raw(changed("b", data_offsets=[8, 90])), "'b' lies at bytes 8 to 90 of 9"),
        (raw(changed("b", data_offsets=[7, 8])), "overlaps"),
        (raw(GOOD, bytes(10)), "end at byte"),
        (raw(GOOD, bytes(8)), "'b' lies at bytes 8 to 9 of 8"),
        (raw({"a": GOOD["a"], "b": {**GOOD["b"], "data_offsets": [9, 10]}}, bytes(10)), "follows a gap"),
    ],
)
def test_refuses(tmp_path: Path, content: bytes, message: str) -> None:
    (tmp_path / "bad.safetensors").write_bytes(content)
    with pytest.raises(CheckpointError, match=r"bad\.safetensors") as caught:
        read_header(tmp_path / "bad.safetensors")
    assert message in str(caught.value)
