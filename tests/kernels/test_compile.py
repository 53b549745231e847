"""Compiling: once per machine where a cache can be written, without numba from then on, and working where none can."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from mergealign.kernels import _compile
from mergealign.kernels._compile import Kernel, kernel
from mergealign.kernels._native import MachineCode
from mergealign.kernels.inner import pair_products
from mergealign.kernels.linear import convert

PROGRAM = """
import sys
import numpy as np
from mergealign.kernels._compile import when_compiling
from mergealign.kernels.linear import convert
from mergealign.kernels.magnitude import N_BINS, count_bins
when_compiling(lambda: print("compiling"))
out = np.zeros(3, np.float32)
assert convert(np.ones(3, np.float32), out) is True and out.all()
counts = np.zeros(N_BINS, np.int64)
count_bins(np.zeros(3, np.int32), counts)  # has memory of its own
assert counts[0] == counts.sum() == 3
print(*{"numba"} & set(sys.modules))
"""
MERGE = """
import sys
from mergealign.cli.main import make_app
make_app()(sys.argv[1:], standalone_mode=False)
print(*{"numba", "scipy"} & set(sys.modules))
"""


def start(cache: Path, program: str, *arguments: str, **variables: str) -> subprocess.Popen[str]:
    environment = {**os.environ, "XDG_CACHE_HOME": str(cache), "HOME": str(cache)}
    environment.pop("NUMBA_CACHE_DIR", None)
    command = [sys.executable, "-W", "error", "-c", program, *arguments]
    return subprocess.Popen(command, env={**environment, **variables}, stdout=subprocess.PIPE, text=True)


def output(running: subprocess.Popen[str]) -> list[str]:
    out = running.communicate()[0].split()
    assert running.returncode == 0
    return out


def files(cache: Path) -> list[Path]:
    return [p for p in cache.rglob("*") if p.is_file()]


def test_compiled_once_and_numba_is_not_needed_again(tmp_path: Path) -> None:
    assert output(start(tmp_path, PROGRAM)) == ["compiling", "numba"]
    assert output(start(tmp_path, PROGRAM)) == []
    assert len(files(tmp_path)) == 2


def test_the_folder_of_the_user(tmp_path: Path) -> None:
    chosen = tmp_path / "chosen"
    output(start(tmp_path, PROGRAM, NUMBA_CACHE_DIR=str(chosen)))
    assert files(tmp_path) == files(chosen) != []


def test_works_where_no_cache_can_be_written() -> None:
    assert output(start(Path(os.devnull), PROGRAM)) == ["compiling", "numba"]


def test_nothing_is_compiled_where_the_user_forbids_it(tmp_path: Path) -> None:
    assert output(start(tmp_path, PROGRAM, NUMBA_DISABLE_JIT="1")) == []
    assert files(tmp_path) == []


def test_damaged_code_is_compiled_again(tmp_path: Path) -> None:
    output(start(tmp_path, PROGRAM))
    first, second = files(tmp_path)
    whole = first.read_bytes(), second.read_bytes()
    first.write_bytes(whole[0][:-1])
    second.write_bytes(whole[1][:500] + bytes([whole[1][500] ^ 1]) + whole[1][501:])
    assert output(start(tmp_path, PROGRAM)) == ["compiling", "numba"]
    assert (first.read_bytes(), second.read_bytes()) == whole
    assert output(start(tmp_path, PROGRAM)) == []


def test_two_processes_compile_at_once(tmp_path: Path) -> None:
    for running in [start(tmp_path, PROGRAM) for _ in range(2)]:
        output(running)
    assert len(files(tmp_path)) == 2
    assert output(start(tmp_path, PROGRAM)) == []


def test_a_merge_needs_no_numba(family: Callable[..., dict[str, Path]], tmp_path: Path) -> None:
    options = [part for role, folder in family().items() for part in (f"--{role}", str(folder))]
    for out, weight, loaded in (("one", "0.7", {"numba"}), ("two", "0.6", set())):
        arguments = ("merge", *options, "--out", str(tmp_path / out), "--domain-weight", weight)
        told = set(output(start(tmp_path / "cache", MERGE, *arguments)))
        assert told & {"numba", "scipy"} - ({"scipy"} if loaded else set()) == loaded


def test_first_use_in_many_threads() -> None:
    @kernel
    def double(source: Any, out: Any) -> None:
        for i in range(out.size):
            out[i] = source[i] + source[i]

    results = [np.zeros(100, form) for form in (np.float32, np.float64) for _ in range(4)]
    threads = [threading.Thread(target=double, args=(np.arange(100).astype(r.dtype), r)) for r in results]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for result in results:
        np.testing.assert_array_equal(result, 2 * np.arange(100))


def test_other_threads_run_meanwhile() -> None:
    @kernel
    def wait(flag: Any, turns: Any) -> int:
        for i in range(10_000_000_000):
            turns[0] = i
            if flag[0]:
                return i
        return -1

    flag, turns, found = np.zeros(1, np.int64), np.zeros(1, np.int64), []
    wait(np.ones(1, np.int64), turns)
    thread = threading.Thread(target=lambda: found.append(wait(flag, turns)))
    thread.start()
    while not turns[0]:
        pass
    flag[0] = 1
    thread.join()
    assert found[0] > 0


def test_results() -> None:
    a, b = np.array([1, 2], np.float32), np.array([3, -1], np.float32)
    assert pair_products(a, b) == (5.0, 1.0, 10.0)
    assert convert(a, b) is True
    assert convert(np.array([np.inf], np.float32), b[:1]) is False


def test_arguments_it_cannot_take() -> None:
    out = np.zeros(3, np.float32)
    with pytest.raises(TypeError, match="kernel convert takes no list"):
        convert([1.0, 2.0, 3.0], out)
    with pytest.raises(TypeError, match="kernel convert takes no complex128"):
        convert(np.complex128(1), out)
    with pytest.raises(TypeError, match="kernel convert cannot take 1 arg"):
        convert(out)
    with pytest.raises(TypeError, match="kernel convert cannot take"):
        convert(out.astype(">f4"), out)
    fixed = np.zeros(3, np.float32)
    fixed.flags.writeable = False
    with pytest.raises(TypeError, match="kernel convert cannot take"):
        convert(out, fixed)


def test_an_array_that_cannot_be_made() -> None:
    @kernel
    def sum_of(n: int) -> float:
        values = np.empty(n)
        return values.sum()

    with pytest.raises(RuntimeError, match="kernel sum_of: no memory"):
        sum_of(2**60)


def test_what_cannot_stand_alone_is_left_to_numba() -> None:
    @kernel
    def ones(n: int) -> Any:
        return np.ones(n)

    @kernel
    def copy(source: Any, out: Any) -> None:
        out[:] = source  # an error of shapes has a message

    for n in (3, 2):
        assert ones(n).tolist() == [1] * n
        out = np.zeros(n)
        copy(np.ones(n), out)
        assert out.all()
    with pytest.raises(ValueError, match="shape"):
        copy(np.zeros(3), np.zeros(4))


@pytest.mark.parametrize("broken", ["code that cannot be linked", "numba that has changed inside"])
def test_the_rest_is_left_to_numba(broken: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    found = MachineCode("?", b"no object file") if broken.startswith("code") else None
    monkeypatch.setattr(_compile, "kept", lambda *_: found)
    monkeypatch.setattr(_compile, "cache_folder", lambda: tmp_path)
    monkeypatch.setitem(sys.modules, "mergealign.kernels._object_code", None)  # importing it fails
    own = Kernel(convert.py_func, None)
    out = np.zeros(3, np.float32)
    for _ in range(2):
        assert own(np.ones(3, np.float32), out) is True
    assert out.all()
    assert own._instead is not None
    assert files(tmp_path)
