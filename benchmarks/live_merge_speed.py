"""How long new weights for a model in memory take, against reading the same bytes and writing as many.

    python benchmarks/live_merge_speed.py [--params 0.5e9] [--runs 5] [--weights 0.9 1.1] [--json]

    read and write     three models read into memory, one of them copied to where a fourth one is
    through the cache  the same, but each piece is read into the same small buffer, which stays in the processor's cache
    merge              the merge engine into the parameters of a live Llama, without digests
    merge, digests     the same with the digests of inputs and result, as a search does it
    plan               checking and planning one trial, before its merge

Ways take turns; the first round warms up and is left out; medians of the rest. Everything is in the page cache.
Beside the time on the clock, the processor time of all threads: it says the same on machines that others use, too.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import tempfile
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np

from mergealign.checkpoint.digest import PIECE_BYTES
from mergealign.checkpoint.read import TensorReader
from mergealign.merge.plan import MergePlan, make_plan
from mergealign.merge.stream import stream
from mergealign.models.threads import use_threads
from mergealign.recipe.merge import ROLES, MergeRecipe, Models
from mergealign.tradeoff.live import LiveSink
from synthetic import write_family


def plan_of(root: Path, weights: Sequence[float]) -> MergePlan:
    models = Models(**{role: str(root / role) for role in ROLES})
    parameters = dict(zip(("domain_weight", "alignment_weight"), weights, strict=True))
    return make_plan(MergeRecipe(models=models, parameters=parameters), allow_unrelated=True)


class ReadAndWrite:
    """The same reads, and a copy of one of the pieces, all into memory that is there already."""

    def __init__(self, plan: MergePlan, threads: int, *, keep: bool) -> None:
        self._threads = threads
        self._kept = [np.zeros(t.spec.n_bytes * len(t.sources), np.uint8) for t in plan.tensors] if keep else None
        self._pieces = [(n, t, at) for n, t in enumerate(plan.tensors) for at in range(0, t.spec.n_bytes, PIECE_BYTES)]
        self._out = [np.zeros(t.spec.n_bytes, np.uint8) for t in plan.tensors]

    def __call__(self) -> None:
        with TensorReader() as reader, ThreadPoolExecutor(self._threads) as pool:

            def work(first: int) -> None:
                buffer = np.empty(PIECE_BYTES, np.uint8)
                for n, planned, at in self._pieces[first :: self._threads]:
                    size = min(PIECE_BYTES, planned.spec.n_bytes - at)
                    for k, source in enumerate(planned.sources):
                        start = k * planned.spec.n_bytes + at
                        piece = buffer[:size] if self._kept is None else self._kept[n][start : start + size]
                        reader.read(source.tensor, at, piece.data)
                    self._out[n][at : at + size] = piece

            list(pool.map(work, range(self._threads)))


def measure(options: argparse.Namespace) -> dict[str, Any]:
    import torch
    from transformers import AutoModelForCausalLM

    root = options.folder / f"{options.params / 1e6:.0f}m"
    n_parameters = write_family(root, options.params)
    plan = plan_of(root, options.weights)
    threads = os.cpu_count() or 1
    model = AutoModelForCausalLM.from_pretrained(root / "base", dtype=torch.bfloat16)
    sink = LiveSink(plan, model)
    ways: dict[str, Callable[[], object]] = {
        "read and write": ReadAndWrite(plan, threads, keep=True),
        "through the cache": ReadAndWrite(plan, threads, keep=False),
        "merge": lambda: stream(plan, sink, threads=threads, digest=False),
        "merge, digests": lambda: stream(plan, sink, threads=threads),
        "plan": lambda: plan_of(root, (0.8, 1.1)),
    }
    seconds: dict[str, list[float]] = {name: [] for name in ways}
    cpu: dict[str, list[float]] = {name: [] for name in ways}
    for _ in range(options.runs + 1):
        for name, way in ways.items():
            start, start_cpu = time.perf_counter(), time.process_time()
            way()
            cpu[name].append(time.process_time() - start_cpu)
            seconds[name].append(time.perf_counter() - start)
    medians = {name: statistics.median(s[1:]) for name, s in seconds.items()}
    medians_cpu = {name: statistics.median(s[1:]) for name, s in cpu.items()}
    return {
        "parameters": n_parameters,
        "runs": options.runs,
        "weights": options.weights,
        "threads": threads,
        "seconds": {name: s[1:] for name, s in seconds.items()},
        "processor seconds": {name: s[1:] for name, s in cpu.items()},
        "times read and write": {name: m / medians["read and write"] for name, m in medians.items()},
        "times its processor time": {name: m / medians_cpu["read and write"] for name, m in medians_cpu.items()},
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--params", type=float, default=0.5e9)
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--weights", type=float, nargs=2, default=(0.9, 1.1), help="Of domain and alignment vector.")
    parser.add_argument(
        "--folder", type=Path, default=None, help="Where models are made and kept (default: temporary)."
    )
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    use_threads()
    with tempfile.TemporaryDirectory() as scratch:
        options.folder = options.folder or Path(scratch)
        found = measure(options)
    if options.json:
        print(json.dumps(found, indent=1))
        return
    print(f"{found['parameters'] / 1e9:.2f} G parameters, {found['threads']} threads, medians of {found['runs']} runs")
    for name, ratio in found["times read and write"].items():
        cpu = found["times its processor time"][name]
        seconds = statistics.median(found["seconds"][name])
        print(f"  {name:<18} {seconds:6.3f} s   {ratio:5.2f} × read and write, {cpu:5.2f} × its processor time")


if __name__ == "__main__":
    main()
