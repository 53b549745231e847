"""How long a merge takes, as ratios within one run: against copying the same bytes, and against mergekit.

    python benchmarks/merge_speed.py [--params 0.55e9] [--runs 5] [--folder DIR] [--json]

All inputs are in the page cache. `copy` is `cat` of the three inputs and `cp` of one. mergekit runs when
MERGEKIT_PYTHON names an interpreter that has it: task_arithmetic with the same weights, computed in float32, written in
bfloat16, each process from start to end. Peak memory is the anonymous memory (RssAnon) of our process, sampled.
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
from collections.abc import Callable
from pathlib import Path

from synthetic import write_family

MERGEKIT_RECIPE = """merge_method: task_arithmetic
base_model: {root}/base
models:
  - {{model: {root}/domain, parameters: {{weight: 1.0}}}}
  - {{model: {root}/aligned, parameters: {{weight: 1.0}}}}
dtype: float32
out_dtype: bfloat16
"""


def run(command: list[str]) -> tuple[float, int]:
    """Seconds of a process and its peak anonymous memory in bytes."""
    start = time.perf_counter()
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
    peak = 0
    while process.poll() is None:
        try:
            status = Path(f"/proc/{process.pid}/status").read_text()
        except OSError:
            break
        peak = max(
            peak, *(int(line.split()[1]) * 1024 for line in status.splitlines() if line.startswith("RssAnon")), 0
        )
        time.sleep(0.005)
    _, errors = process.communicate()
    seconds = time.perf_counter() - start
    if process.returncode:
        sys.exit(f"{command[0]} failed:\n{errors.decode()[-2000:]}")
    return seconds, peak


def copy(root: Path, out: Path) -> float:
    """`cat` the inputs, `cp` one of them."""
    out.mkdir()
    files = {role: sorted((root / role).glob("*.safetensors")) for role in ("base", "domain", "aligned")}
    start = time.perf_counter()
    with Path(os.devnull).open("wb") as null:
        subprocess.run(["cat", *(f for some in files.values() for f in some)], stdout=null, check=True)
    subprocess.run(["cp", *files["base"], out], check=True)
    return time.perf_counter() - start


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--params", type=float, default=0.55e9)
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--folder", type=Path, default=Path(tempfile.gettempdir()) / "mergealign-benchmark")
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()

    root = options.folder / f"{options.params / 1e6:.0f}m"
    n_parameters = write_family(root, options.params)
    out = options.folder / "out"
    roles = [part for role in ("base", "domain", "aligned") for part in (f"--{role}", str(root / role))]
    ours = [str(Path(sys.executable).with_name("mergealign")), "merge", *roles, "--out", str(out)]
    ways: dict[str, Callable[[], tuple[float, int]]] = {
        "copy": lambda: (copy(root, out), 0),
        "mergealign": lambda: run(ours),
    }
    if mergekit := os.environ.get("MERGEKIT_PYTHON"):
        recipe = options.folder / "mergekit.yml"
        recipe.write_text(MERGEKIT_RECIPE.format(root=root.resolve()))
        theirs = [str(Path(mergekit).with_name("mergekit-yaml")), str(recipe), str(out), "--quiet"]
        os.environ["HF_HUB_OFFLINE"] = "1"
        ways["mergekit"] = lambda: run(theirs)
    found: dict[str, list[tuple[float, int]]] = {name: [] for name in ways}
    for _ in range(options.runs + 1):  # the first round warms caches and is left out
        for name, way in ways.items():
            shutil.rmtree(out, ignore_errors=True)
            found[name].append(way())
    shutil.rmtree(out, ignore_errors=True)
    medians = {name: statistics.median(s for s, _ in values[1:]) for name, values in found.items()}
    result = {
        "parameters": n_parameters,
        "runs": options.runs,
        "median_s": medians,
        "ratio_to_copy": {name: s / medians["copy"] for name, s in medians.items()},
        "speedup_over": {name: s / medians["mergealign"] for name, s in medians.items()},
        "peak_anonymous_bytes": {
            name: max(m for _, m in values[1:]) for name, values in found.items() if name != "copy"
        },
    }
    if options.json:
        print(json.dumps(result, indent=1))
        return
    print(f"{n_parameters / 1e9:.2f} B parameters, medians of {options.runs} runs")
    for name, seconds in medians.items():
        memory = result["peak_anonymous_bytes"].get(name)  # type: ignore[attr-defined]
        peak = f", peak {memory / 1e6:.0f} MB" if memory else ""
        ratios = f"{seconds / medians['copy']:6.2f} × copy, {seconds / medians['mergealign']:6.2f} × mergealign"
        print(f"{name:12} {ratios}{peak}")


if __name__ == "__main__":
    main()
