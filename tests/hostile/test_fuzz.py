"""Thousands of broken headers, hundreds of broken models: a refusal or a true answer, never a crash or a hang."""

from __future__ import annotations

import copy
import json
import shutil
import struct
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import safetensors
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mergealign.checkpoint.dtypes import DTYPES
from mergealign.checkpoint.header import Tensor, read_header
from mergealign.errors import MergeAlignError
from mergealign.merge.run import merge
from mergealign.recipe.merge import MergeRecipe, Models

HEADER = {
    "__metadata__": {"format": "pt"},
    "a": {"dtype": "F32", "shape": [2, 3], "data_offsets": [0, 24]},
    "b": {"dtype": "BF16", "shape": [4], "data_offsets": [24, 32]},
    "c": {"dtype": "U8", "shape": [], "data_offsets": [32, 33]},
    "d": {"dtype": "F64", "shape": [0, 7], "data_offsets": [24, 24]},
}
DATA = bytes(33)
FUZZ = settings(
    deadline=None,
    database=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow, HealthCheck.data_too_large],
)

numbers = st.one_of(
    st.integers(-2, 40), st.sampled_from([2**31, 2**32, 2**48, 2**63, 2**64, 2**64 + 8, 10**30]), st.floats()
)
texts = st.one_of(
    st.sampled_from(
        ["", "a", "b", "F32", "f32", "BF16", "I64", "BOOL", "F4", "dtype", "shape", "__metadata__", "x\x1b"]
    ),
    st.text(max_size=5),
)
scalars = st.one_of(st.none(), st.booleans(), numbers, texts)
values = st.recursive(
    scalars, lambda v: st.one_of(st.lists(v, max_size=4), st.dictionaries(texts, v, max_size=4)), max_leaves=6
)


def places(content: Any) -> list[tuple[Any, Any]]:
    """All (container, key) in a JSON value."""
    found = []
    keys = content.keys() if isinstance(content, dict) else range(len(content)) if isinstance(content, list) else ()
    for key in list(keys):
        found += [(content, key), *places(content[key])]
    return found


@st.composite
def mutated(draw: st.DrawFn, content: Any) -> Any:
    """A JSON value with one to three places replaced, removed, renamed or doubled."""
    content = copy.deepcopy(content)
    for _ in range(draw(st.integers(1, 3))):
        choices = places(content)
        if not choices:
            break
        container, key = choices[draw(st.integers(0, len(choices) - 1))]
        match draw(st.sampled_from(["replace", "remove", "rename", "add"])):
            case "replace":
                container[key] = draw(values)
            case "remove":
                del container[key]
            case "rename" if isinstance(container, dict):
                container[draw(texts)] = container.pop(key)
            case "add" if isinstance(container, list):
                container.append(draw(values))
            case _:
                container[key] = draw(st.sampled_from([copy.deepcopy(c[k]) for c, k in choices]))
    return content


@st.composite
def mangled(draw: st.DrawFn, content: bytes) -> bytes:
    """Bytes with some flipped, inserted, removed or cut off."""
    data = bytearray(content)
    for _ in range(draw(st.integers(1, 4))):
        at = draw(st.integers(0, len(data)))
        match draw(st.sampled_from(["flip", "insert", "remove", "cut"])):
            case "flip" if at < len(data):
                data[at] = draw(st.integers(0, 255))
            case "insert":
                data[at:at] = draw(st.one_of(st.binary(max_size=4), st.sampled_from([b'"', b"{", b"[", b",", b"0"])))
            case "remove":
                del data[at : at + draw(st.integers(1, 8))]
            case _:
                del data[len(data) - draw(st.integers(0, 3)) :]
    return bytes(data)


def as_file(header: Any, data: bytes = DATA) -> bytes:
    text = json.dumps(header).encode()
    return struct.pack("<Q", len(text)) + text + data


def refusal(call: Callable[[], object]) -> str | None:
    """What a call says when it refuses; whatever else it raises is a failure."""
    try:
        call()
    except MergeAlignError as e:
        return str(e)
    return None


def check_header(file: Path, content: bytes) -> None:
    """Either a refusal that names the file, or tensors that tile it exactly and that safetensors sees as well."""
    file.write_bytes(content)
    tensors: list[Tensor] = []
    if (message := refusal(lambda: tensors.extend(read_header(file)))) is not None:
        assert str(file) in message
        assert all(c.isprintable() or c == "\n" for c in message)
        return
    (length,) = struct.unpack("<Q", content[:8])
    end = 8 + length
    for t in tensors:
        assert t.offset == end
        assert t.n_elements * t.dtype.bits == t.n_bytes * 8
        assert t.name
        assert t.name.isprintable()
        end += t.n_bytes
    assert end == len(content)
    assert len({t.name for t in tensors}) == len(tensors)
    with safetensors.safe_open(file, "np") as f:
        assert set(f.keys()) == {t.name for t in tensors}
        for t in tensors:
            assert tuple(f.get_slice(t.name).get_shape()) == t.shape
            assert DTYPES[f.get_slice(t.name).get_dtype()] == t.dtype


@given(header=mutated(HEADER))
@settings(FUZZ, max_examples=2500)
def test_mutated_headers(tmp_path: Path, header: Any) -> None:
    check_header(tmp_path / "x.safetensors", as_file(header))


@given(content=mangled(as_file(HEADER)))
@settings(FUZZ, max_examples=2500)
def test_mangled_files(tmp_path: Path, content: bytes) -> None:
    check_header(tmp_path / "x.safetensors", content)


@given(shape=st.lists(st.integers(0, 4), max_size=4), dtype=st.sampled_from(sorted(DTYPES)), extra=st.integers(-2, 2))
@settings(FUZZ, max_examples=500)
def test_shapes_and_sizes(tmp_path: Path, shape: list[int], dtype: str, extra: int) -> None:
    size = max(0, DTYPES[dtype].bits * _product(shape) // 8 + extra)
    header = {"t": {"dtype": dtype, "shape": shape, "data_offsets": [0, size]}}
    check_header(tmp_path / "x.safetensors", as_file(header, bytes(size)))


def _product(shape: list[int]) -> int:
    total = 1
    for n in shape:
        total *= n
    return total


@pytest.fixture
def models(family: Callable[..., dict[str, Path]]) -> dict[str, Path]:
    return family(aligned={"shards": 2})


@given(data=st.data())
@settings(FUZZ, max_examples=400)
def test_whole_merges(tmp_path: Path, models: dict[str, Path], data: st.DataObject) -> None:
    """One file of one model broken: no output, or one that the safetensors library opens and whose JSON is JSON."""
    files = sorted(f for folder in models.values() for f in folder.iterdir())
    file, out = data.draw(st.sampled_from(files)), tmp_path / "out"
    good = file.read_bytes()
    try:
        if file.suffix == ".safetensors":
            (length,) = struct.unpack("<Q", good[:8])
            header = data.draw(mutated(json.loads(good[8 : 8 + length])))
            file.write_bytes(as_file(header, good[8 + length :]))
        elif data.draw(st.booleans()):
            file.write_bytes(json.dumps(data.draw(mutated(json.loads(good)))).encode())
        else:
            file.write_bytes(data.draw(mangled(good)))
        recipe = MergeRecipe(models=Models(**{role: str(folder) for role, folder in models.items()}))
        if (message := refusal(lambda: merge(recipe, out, threads=1))) is not None:
            assert all(c.isprintable() or c == "\n" for c in message)
            assert {f.name for f in tmp_path.iterdir()} == models.keys()
            return
        for weights in (*file.parent.glob("*.safetensors"), *out.glob("*.safetensors")):
            with safetensors.safe_open(weights, "np") as f:
                assert list(f.keys())
        for written in out.glob("*.json"):
            assert isinstance(json.loads(written.read_text()), dict)
    finally:
        file.write_bytes(good)
        shutil.rmtree(out, ignore_errors=True)
