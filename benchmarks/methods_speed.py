"""Every merge rule against mergekit's: the same YAML, the same synthetic checkpoint, both as whole processes.

    MERGEKIT_PYTHON=… python benchmarks/methods_speed.py [--params 0.5e9] [--runs 5] [--only ties,slerp] [--json]

Inputs are bfloat16 in the page cache; arithmetic is float32 (float64 in our linear family), output bfloat16. Each way
runs `--runs` times in a row after one run that warms up and is left out; medians. CPU is user and system time of the
process and its children, memory the peak of its anonymous pages. Agreement is the share of numbers in the output
that are equal, and the largest difference in relation to the largest weight; random rules draw other numbers, so for
them only time and memory are compared.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import statistics
import sys
import tempfile
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

from mergealign.checkpoint.folder import open_checkpoint
from mergealign.checkpoint.read import TensorReader
from mergealign.recipe.merge import ROLES
from process import Cost, cost_of
from synthetic import write_family

RANDOM = {"dare_linear", "dare_ties", "della", "della_linear"}
TUNED = "domain", "aligned"


@dataclass(frozen=True)
class Case:
    """One rule: what stands in the YAML beside models and dtypes."""

    method: str
    per_model: str = ""
    shared: str = ""
    models: tuple[str, ...] = TUNED
    base: bool = True

    def yaml(self, root: Path) -> str:
        lines = [f"merge_method: {self.method}", "dtype: float32", "out_dtype: bfloat16", "models:"]
        for model in self.models:
            lines.append(f"  - model: {root / model}")
            if self.per_model and model != "base":
                lines.append(f"    parameters: {{{self.per_model}}}")
        if self.base:
            lines.append(f"base_model: {root / 'base'}")
        if self.shared:
            lines.append(f"parameters: {{{self.shared}}}")
        return "\n".join(lines) + "\n"


CASES = (
    Case("linear", "weight: 0.5", base=False),
    Case("task_arithmetic", "weight: 0.7"),
    Case("ties", "weight: 0.7, density: 0.5"),
    Case("dare_linear", "weight: 0.7, density: 0.5"),
    Case("dare_ties", "weight: 0.7, density: 0.5"),
    Case("della_linear", "weight: 0.7, density: 0.5"),
    Case("della", "weight: 0.7, density: 0.5"),
    Case("breadcrumbs", "weight: 0.7, density: 0.5"),
    Case("breadcrumbs_ties", "weight: 0.7, density: 0.5"),
    Case("slerp", shared="t: 0.4", models=("base", "aligned")),
    Case("nuslerp", "weight: 0.5"),
    Case("multislerp", "weight: 0.5"),
    Case("karcher", base=False),
    Case("model_stock"),
    Case("sce", shared="select_topk: 0.5"),
    Case("nearswap", shared="t: 0.001", models=("base", "aligned")),
    Case("arcee_fusion", models=("base", "aligned")),
    Case("passthrough", models=("domain",), base=False),
    Case("ram"),
    Case("ramplus_tl"),
)


@dataclass(frozen=True)
class Measured:
    """One rule on both sides: medians; `theirs` is None without mergekit."""

    method: str
    ours: Cost
    theirs: Cost | None
    equal_share: float | None
    largest_difference: float | None


def measure(case: Case, root: Path, folder: Path, options: argparse.Namespace) -> Measured:
    recipe = folder / f"{case.method}.yml"
    recipe.write_text(case.yaml(root.resolve()))
    ours, theirs = folder / "ours", folder / "theirs"
    mergealign = str(Path(sys.executable).with_name("mergealign"))
    found = _median([mergealign, "merge", str(recipe), "--out", str(ours)], ours, options.runs)
    peer = None
    if mergekit := os.environ.get("MERGEKIT_PYTHON"):
        os.environ["HF_HUB_OFFLINE"] = "1"
        command = [str(Path(mergekit).with_name("mergekit-yaml")), str(recipe), str(theirs), "--quiet"]
        peer = _median(command, theirs, options.peer_runs or options.runs)
    agreement = _agreement(ours, theirs) if peer and case.method not in RANDOM else (None, None)
    return Measured(case.method, found, peer, *agreement)


def _median(command: list[str], out: Path, runs: int) -> Cost:
    costs = []
    for _ in range(runs + (runs > 1)):
        shutil.rmtree(out, ignore_errors=True)
        costs.append(cost_of(command))
    kept = costs[1:] if runs > 1 else costs
    return Cost(*(statistics.median(getattr(c, name) for c in kept) for name in ("wall_s", "cpu_s", "peak_bytes")))


def _agreement(ours: Path, theirs: Path) -> tuple[float, float]:
    here, there = open_checkpoint(ours).tensors, open_checkpoint(theirs).tensors
    n = equal = 0
    largest = difference = 0.0
    with TensorReader() as reader:
        for name, tensor in here.items():
            for start in range(0, tensor.n_elements, 1 << 22):
                stop = min(start + (1 << 22), tensor.n_elements)
                a, b = (reader.numbers(t, start, stop) for t in (tensor, there[name]))
                n += a.size
                equal += int((a == b).sum())
                x, y = ((bits.astype(np.uint32) << 16).view(np.float32) for bits in (a, b))
                largest = max(largest, float(np.abs(y).max(initial=0)))
                difference = max(difference, float(np.abs(x - y).max(initial=0)))
    return equal / n, difference / largest


def report(rows: list[Measured]) -> str:
    columns = ["rule", *(f"{what} {word}" for what in ("CPU", "wall") for word in ("ours", "mergekit", "ratio"))]
    columns += ["memory ours", "memory mergekit", "equal", "largest difference"]
    lines = ["| " + " | ".join(columns) + " |", "|---" * len(columns) + "|"]
    for r in rows:
        o, t = r.ours, r.theirs
        ratio = (f"{t.cpu_s / o.cpu_s:.1f} ×", f"{t.wall_s / o.wall_s:.1f} ×") if t else ("", "")
        peer = (f"{t.cpu_s:.1f} s", f"{t.wall_s:.1f} s", f"{t.peak_bytes / 1e6:.0f} MB") if t else ("", "", "")
        same = f"{100 * r.equal_share:.3f} %" if r.equal_share is not None else ""
        most = f"{r.largest_difference:.1e}" if r.largest_difference is not None else ""
        lines.append(
            f"| {r.method} | {o.cpu_s:.2f} s | {peer[0]} | {ratio[0]} | {o.wall_s:.2f} s | {peer[1]} | {ratio[1]} "
            f"| {o.peak_bytes / 1e6:.0f} MB | {peer[2]} | {same} | {most} |"
        )
    return "\n".join(lines)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--params", type=float, default=0.5e9)
    parser.add_argument("--vocab", type=int, default=32_000)
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--peer-runs", type=int, default=None, help="Of mergekit, which takes minutes; default --runs.")
    parser.add_argument("--only", help="Names of rules, separated by commas.")
    parser.add_argument("--folder", type=Path, default=None, help="For the checkpoints; default a temporary one.")
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    chosen = options.only.split(",") if options.only else [c.method for c in CASES]
    if unknown := set(chosen) - {c.method for c in CASES}:
        parser.error(f"unknown rules: {', '.join(sorted(unknown))}")
    with tempfile.TemporaryDirectory(dir=options.folder) as temporary:
        folder = Path(temporary)
        root = folder / "models"
        n_parameters = write_family(root, options.params, vocab=options.vocab)
        rows: list[Measured] = []
        for case in CASES:
            if case.method in chosen:
                rows.append(measure(case, root, folder, options))
                print(json.dumps(asdict(rows[-1])), file=sys.stderr, flush=True)  # hours of work: keep each row
    if options.json:
        facts: dict[str, Any] = {"n_parameters": n_parameters, "runs": options.runs, "rules": list(map(asdict, rows))}
        print(json.dumps(facts, indent=1))
    else:
        print(f"{n_parameters / 1e9:.2f} B parameters, roles {', '.join(ROLES)}\n\n{report(rows)}")


if __name__ == "__main__":
    main()
