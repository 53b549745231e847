"""How long a merge takes, as ratios within one run.

    python benchmarks/merge_speed.py [--params 1.2e9] [--cold] [--runs 5] [--only WAY …] [--json]

Each way runs several times in a row; its first run warms up and is left out; medians of the rest. (Taking turns
would be fairer on bare metal. On virtual machines the memory that one process frees goes back to the host, and the next
one pays for getting it again: after mergekit's 2 GB our process took 1.0 to 2.1 s in place of 1.0.)

    copy           `cat` the three inputs to nowhere, `cp` one of them
    floor          our loop, threads and I/O, the arithmetic replaced by touching the same bytes
    streaming      the streaming part of a merge, without and with digests
    mergealign     the whole process, from start to end
    mergekit       the same of mergekit's task_arithmetic, computed in float32, written in bfloat16, where
                   MERGEKIT_PYTHON names an interpreter that has it

Inputs are in the page cache, or with --cold dropped from it before each way, and what was written is then flushed to
the disk inside the time. Memory is the peak of a process's anonymous memory (RssAnon), sampled every 5 ms.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from numba import njit

from mergealign.merge.folder import FolderSink
from mergealign.merge.plan import MergePlan, make_plan
from mergealign.merge.stream import stream
from mergealign.methods import Rule, Span
from mergealign.recipe.merge import ROLES, MergeRecipe, Models
from process import cost_of
from synthetic import write_family

MERGEKIT_RECIPE = """merge_method: task_arithmetic
base_model: {root}/base
models:
  - {{model: {root}/domain, parameters: {{weight: 1.0}}}}
  - {{model: {root}/aligned, parameters: {{weight: 1.0}}}}
dtype: float32
out_dtype: bfloat16
"""


@njit(nogil=True)  # type: ignore[untyped-decorator]
def touch(base: Any, domain: Any, aligned: Any, out: Any) -> None:
    """Read three blocks, write one, as little as that can cost."""
    for i in range(out.size):
        out[i] = base[i] ^ domain[i] ^ aligned[i]


class Touch(Rule):
    """Stands in for a merge rule."""

    shows_nan = True

    def apply(self, sources: Sequence[Any], out: Any, span: Span, known: Sequence[Any]) -> bool:  # noqa: ARG002
        touch(*sources, out)
        return True


def streaming(plan: MergePlan, out: Path, *, digest: bool) -> None:
    out.mkdir()
    with FolderSink(out, plan) as sink:
        stream(plan, sink, threads=os.cpu_count() or 1, digest=digest)


def process(command: list[str]) -> int:
    """Run to the end; peak anonymous memory in bytes."""
    return int(cost_of(command).peak_bytes)


def copy(files: dict[str, list[Path]], out: Path) -> None:
    out.mkdir()
    with Path(os.devnull).open("wb") as null:
        subprocess.run(["cat", *(f for some in files.values() for f in some)], stdout=null, check=True)
    subprocess.run(["cp", *files["base"], out], check=True)


def drop_from_cache(files: dict[str, list[Path]]) -> None:
    for file in (f for some in files.values() for f in some):
        with file.open("rb") as f:
            os.fsync(f.fileno())
            os.posix_fadvise(f.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)


def measure(options: argparse.Namespace) -> dict[str, Any]:
    root = options.folder / f"{options.params / 1e6:.0f}m-{options.vocab}"
    n_parameters = write_family(root, options.params, vocab=options.vocab)
    out = options.folder / "out"
    files = {role: sorted((root / role).glob("*.safetensors")) for role in ROLES}
    plan = make_plan(MergeRecipe(models=Models(**{role: str(root / role) for role in ROLES})))
    floor = replace(plan, tensors=tuple(replace(t, rule=Touch()) for t in plan.tensors))
    roles = [part for role in ROLES for part in (f"--{role}", str(root / role))]
    ours = [str(Path(sys.executable).with_name("mergealign")), "merge", *roles, "--out", str(out)]
    ways: dict[str, Callable[[], int | None]] = {
        "copy": lambda: copy(files, out),
        "floor": lambda: streaming(floor, out, digest=False),
        "streaming": lambda: streaming(plan, out, digest=False),
        "streaming, digests": lambda: streaming(plan, out, digest=True),
        "mergealign": lambda: process(ours),
    }
    if mergekit := os.environ.get("MERGEKIT_PYTHON"):
        recipe = options.folder / "mergekit.yml"
        recipe.write_text(MERGEKIT_RECIPE.format(root=root.resolve()))
        theirs = [str(Path(mergekit).with_name("mergekit-yaml")), str(recipe), str(out), "--quiet"]
        os.environ["HF_HUB_OFFLINE"] = "1"
        ways["mergekit"] = lambda: process(theirs)
    ways = {name: way for name, way in ways.items() if name in {*(options.only or ways), "floor"}}
    seconds: dict[str, list[float]] = {name: [] for name in ways}
    peak_bytes: dict[str, int] = {}
    for name, way in ways.items():
        for _ in range(options.runs + 1):
            shutil.rmtree(out, ignore_errors=True)
            os.sync()
            if options.cold:
                drop_from_cache(files)
            start = time.perf_counter()
            peak = way()
            if options.cold:
                os.sync()
            seconds[name].append(time.perf_counter() - start)
            peak_bytes[name] = max(peak_bytes.get(name, 0), peak or 0)
    shutil.rmtree(out, ignore_errors=True)
    medians = {name: statistics.median(s[1:]) for name, s in seconds.items()}
    return {
        "parameters": n_parameters,
        "runs": options.runs,
        "cold": options.cold,
        "seconds": {name: s[1:] for name, s in seconds.items()},
        "median_s": medians,
        "ratio_to": {
            other: {name: s / medians[other] for name, s in medians.items()}
            for other in ("floor", "copy", "mergealign")
            if other in medians
        },
        "peak_anonymous_bytes": {name: n for name, n in peak_bytes.items() if n},
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--params", type=float, default=1.2e9, help="size of each model")
    parser.add_argument("--vocab", type=int, default=32000, help="rows of the embedding, for single large tensors")
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--only", nargs="+", metavar="WAY", help="these ways and the floor")
    parser.add_argument("--cold", action="store_true", help="read from the disk, flush to it")
    parser.add_argument("--folder", type=Path, default=Path(tempfile.gettempdir()) / "mergealign-benchmark")
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    found = measure(options)
    if options.json:
        print(json.dumps(found, indent=1))
        return
    where = "cold disk" if options.cold else "page cache"
    print(f"{found['parameters'] / 1e9:.2f} B parameters, {where}, medians of {options.runs} runs")
    print(f"{'':20}{'seconds':>20}" + "".join(f"{'× ' + other:>14}" for other in found["ratio_to"]) + f"{'peak MB':>9}")
    for name, seconds in found["seconds"].items():
        ratios = "".join(f"{ratio[name]:14.2f}" for ratio in found["ratio_to"].values())
        peak = found["peak_anonymous_bytes"].get(name)
        times = f"{found['median_s'][name]:.2f} ({min(seconds):.2f}–{max(seconds):.2f})"
        print(f"{name:20}{times:>20}{ratios}" + (f"{peak / 1e6:9.0f}" if peak else ""))


if __name__ == "__main__":
    main()
