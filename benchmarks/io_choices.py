"""How to move the bytes of a merge: three inputs in, one output out, with as little arithmetic as touching them.

    python benchmarks/io_choices.py [--params 0.55e9] [--runs 5] [--cold] [--folder DIR] [--json]

One thing is changed at a time, starting from what the engine does: positioned reads of 1 MiB into reused buffers,
output reserved with `posix_fallocate` and written with `pwrite`, no hints to the kernel, one file per model.

    read      pread into buffers, or mmap
    unit      256 KiB to 16 MiB
    write     fallocate + pwrite, ftruncate + pwrite, nothing reserved + pwrite, mmap
    hint      none, POSIX_FADV_SEQUENTIAL, POSIX_FADV_WILLNEED one unit ahead
    files     one per model, or sixteen

Medians of `--runs` turns (every way once per turn, in changing order), as ratios to the engine's way in the same run.
With --cold inputs are dropped from the page cache before each way and the output is flushed inside its time.
"""

from __future__ import annotations

import argparse
import json
import mmap
import os
import random
import statistics
import tempfile
import threading
import time
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numba import njit

MIB = 1 << 20


@dataclass(frozen=True)
class Way:
    """One way to move the bytes; the defaults are the engine's."""

    name: str = "engine"
    mapped_read: bool = False
    unit: int = MIB
    write: str = "fallocate"
    hint: str = "none"
    n_files: int = 1


WAYS = (
    Way(),
    Way("mmap inputs", mapped_read=True),
    Way("unit 256 KiB", unit=MIB // 4),
    Way("unit 512 KiB", unit=MIB // 2),
    Way("unit 4 MiB", unit=4 * MIB),
    Way("unit 16 MiB", unit=16 * MIB),
    Way("output: ftruncate", write="ftruncate"),
    Way("output: grows", write="grow"),
    Way("output: mmap", write="mmap"),
    Way("hint: sequential", hint="sequential"),
    Way("hint: next unit", hint="willneed"),
    Way("16 files", n_files=16),
    Way("16 files, mmap inputs", n_files=16, mapped_read=True),
)


@njit(nogil=True)  # type: ignore[untyped-decorator]
def touch(a: Any, b: Any, c: Any, out: Any) -> None:
    for i in range(out.size):
        out[i] = a[i] ^ b[i] ^ c[i]


class Inputs:
    """Three inputs of `n_files` files each."""

    def __init__(self, root: Path, n_bytes: int, n_files: int) -> None:
        self.size = n_bytes // n_files // MIB * MIB
        self.paths = [[root / f"{m}-{n_files}-{i}" for i in range(n_files)] for m in range(3)]
        block = np.random.default_rng(0).bytes(MIB)
        for path in (p for model in self.paths for p in model):
            if not path.exists() or path.stat().st_size != self.size:
                with path.open("wb") as f:
                    for _ in range(self.size // len(block)):
                        f.write(block)

    def drop(self) -> None:
        for path in (p for model in self.paths for p in model):
            with path.open("rb") as f:
                os.fsync(f.fileno())
                os.posix_fadvise(f.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)

    def warm(self) -> None:
        for path in (p for model in self.paths for p in model):
            with path.open("rb") as f:
                while f.read(16 * MIB):
                    pass


def move(way: Way, inputs: Inputs, out: Path, n_threads: int) -> None:
    """Read everything, touch it, write the output."""
    files = [[os.open(p, os.O_RDONLY) for p in model] for model in inputs.paths]
    total = inputs.size * way.n_files
    target = os.open(out, os.O_RDWR | os.O_CREAT | os.O_TRUNC)
    if way.write == "fallocate":
        os.posix_fallocate(target, 0, total)
    elif way.write in ("ftruncate", "mmap"):
        os.ftruncate(target, total)
    mapped_out = mmap.mmap(target, total) if way.write == "mmap" else None
    maps = [[mmap.mmap(f, 0, prot=mmap.PROT_READ) for f in model] for model in files] if way.mapped_read else None
    if way.hint == "sequential":
        for f in (f for model in files for f in model):
            os.posix_fadvise(f, 0, 0, os.POSIX_FADV_SEQUENTIAL)
    units = ((i, at) for i in range(way.n_files) for at in range(0, inputs.size, way.unit))
    lock = threading.Lock()

    def work() -> None:
        buffers = [np.empty(way.unit, np.uint8) for _ in range(4)]
        while True:
            with lock:
                place = next(units, None)
            if place is None:
                return
            i, at = place
            n = min(way.unit, inputs.size - at)
            blocks = []
            for m in range(3):
                if way.hint == "willneed":
                    os.posix_fadvise(files[m][i], at + n_threads * way.unit, way.unit, os.POSIX_FADV_WILLNEED)
                if maps:
                    block = np.frombuffer(maps[m][i], np.uint8, n, at)
                else:
                    block = buffers[m][:n]
                    os.preadv(files[m][i], [block], at)
                blocks.append(block.view(np.uint16))
            place_out = i * inputs.size + at
            result = np.frombuffer(mapped_out, np.uint8, n, place_out) if mapped_out else buffers[3][:n]
            touch(*blocks, result.view(np.uint16))
            if not mapped_out:
                os.pwrite(target, result, place_out)

    threads = [threading.Thread(target=work) for _ in range(n_threads)]
    for t in threads:
        t.start()
    for t in threads:
        t.join()
    for f in (target, *(f for model in files for f in model)):
        os.close(f)


def measure(options: argparse.Namespace) -> dict[str, list[float]]:
    n_bytes = int(2 * options.params)
    root = options.folder
    root.mkdir(parents=True, exist_ok=True)
    inputs = {n: Inputs(root, n_bytes, n) for n in sorted({w.n_files for w in WAYS})}
    out = root / "out"
    n_threads = os.cpu_count() or 1
    seconds: dict[str, list[float]] = {way.name: [] for way in WAYS}
    move(replace(WAYS[0], unit=MIB), inputs[1], out, n_threads)  # compiles
    order = random.Random(0)
    for _ in range(options.runs):
        for way in order.sample(WAYS, len(WAYS)):
            out.unlink(missing_ok=True)
            os.sync()
            if options.cold:
                inputs[way.n_files].drop()
            else:
                inputs[way.n_files].warm()
            start = time.perf_counter()
            move(way, inputs[way.n_files], out, n_threads)
            if options.cold:
                os.sync()
            seconds[way.name].append(time.perf_counter() - start)
    for path in (out, *(p for i in inputs.values() for model in i.paths for p in model)):
        path.unlink(missing_ok=True)
    return seconds


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--params", type=float, default=0.55e9, help="bfloat16 numbers per model")
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--cold", action="store_true")
    parser.add_argument("--folder", type=Path, default=Path(tempfile.gettempdir()) / "mergealign-io")
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    seconds = measure(options)
    medians = {name: statistics.median(s) for name, s in seconds.items()}
    if options.json:
        print(json.dumps({"seconds": seconds, "median_s": medians}, indent=1))
        return
    print(f"{'cold' if options.cold else 'page cache'}, engine {medians['engine']:.2f} s")
    for name in medians:
        low, high = min(seconds[name]) / medians["engine"], max(seconds[name]) / medians["engine"]
        print(f"{name:24}{medians[name] / medians['engine']:6.2f}  [{low:.2f}–{high:.2f}]")


if __name__ == "__main__":
    main()
