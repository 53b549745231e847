"""Digests: the same whatever the order of pieces and the sharding, different for any flipped byte."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
import xxhash
from hypothesis import given
from hypothesis import strategies as st

from mergealign.checkpoint.digest import PIECE_BYTES, PieceDigests, weights_digest_of_folder

from ..conftest import random_tensors, write_model


def test_a_digest_is_the_digest_of_piece_digests() -> None:
    data = bytes(range(256)) * 10_000
    pieces = PieceDigests(len(data))
    pieces.add(0, memoryview(data))
    parts = [data[i : i + PIECE_BYTES] for i in range(0, len(data), PIECE_BYTES)]
    assert len(parts) == 3
    assert pieces.hexdigest() == xxhash.xxh3_128_hexdigest(b"".join(map(xxhash.xxh3_128_digest, parts)))


@given(order=st.permutations(range(5)))
def test_order_of_pieces_does_not_matter(order: list[int]) -> None:
    data = memoryview(bytes(4 * PIECE_BYTES + 17))
    whole, apart = PieceDigests(len(data)), PieceDigests(len(data))
    whole.add(0, data)
    for i in order:
        apart.add(i * PIECE_BYTES, data[i * PIECE_BYTES : (i + 1) * PIECE_BYTES])
    assert apart.hexdigest() == whole.hexdigest()


@given(cuts=st.lists(st.integers(1, 4 * PIECE_BYTES), max_size=12, unique=True), data=st.data())
def test_pieces_may_come_in_parts(cuts: list[int], data: st.DataObject) -> None:
    content = memoryview(bytes(range(251)) * (4 * PIECE_BYTES // 251 + 1))
    whole, apart = PieceDigests(len(content)), PieceDigests(len(content))
    whole.add(0, content)
    ends = [0, *sorted(cuts), len(content)]
    for start, stop in data.draw(st.permutations(list(pairwise(ends)))):
        apart.add(start, content[start:stop])
    assert apart.hexdigest() == whole.hexdigest()


def test_parts_may_come_from_many_threads() -> None:
    content = memoryview(np.random.default_rng(0).bytes(6 * PIECE_BYTES + 5))
    step = PIECE_BYTES * 3 // 7
    whole, apart = PieceDigests(len(content)), PieceDigests(len(content))
    whole.add(0, content)
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda at: apart.add(at, content[at : at + step]), range(0, len(content), step)))
    assert apart.hexdigest() == whole.hexdigest()


def test_sharding_does_not_matter_and_every_byte_does(tmp_path: Path) -> None:
    one, many = (write_model(tmp_path / str(n), random_tensors(0), shards=n) for n in (1, 3))
    digest = weights_digest_of_folder(one)
    assert digest == weights_digest_of_folder(many)
    file = one / "model.safetensors"
    data = bytearray(file.read_bytes())
    for at in (-1, -4000, -9000):
        data[at] ^= 1
        file.write_bytes(data)
        assert weights_digest_of_folder(one) != digest
        data[at] ^= 1


def test_names_are_part_of_it(tmp_path: Path) -> None:
    tensors = random_tensors(0)
    renamed = {n.replace("q_proj", "k_proj"): t for n, t in tensors.items()}
    a, b = (weights_digest_of_folder(write_model(tmp_path / n, t)) for n, t in (("a", tensors), ("b", renamed)))
    assert a != b


def test_progress_adds_up(tmp_path: Path) -> None:
    seen: list[int] = []
    weights_digest_of_folder(write_model(tmp_path, random_tensors(0)), progress=seen.append)
    assert sum(seen) == sum(t.numel() * 2 for t in random_tensors(0).values())


@pytest.mark.parametrize("n", [0, 1, PIECE_BYTES, PIECE_BYTES + 1])
def test_sizes_at_the_edges(n: int) -> None:
    pieces = PieceDigests(n)
    pieces.add(0, memoryview(bytes(n)))
    parts = b"".join(xxhash.xxh3_128_digest(bytes(min(PIECE_BYTES, n - i))) for i in range(0, n, PIECE_BYTES))
    assert pieces.hexdigest() == xxhash.xxh3_128_hexdigest(parts)
