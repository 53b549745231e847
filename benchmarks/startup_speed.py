"""How long importing mergealign, its help and a merge of tiny models take, beside a bare interpreter; medians.

python benchmarks/startup_speed.py [--runs 11]

The merge is of 1 M parameters in bfloat16, so that start-up is all of it: with kernels that were compiled before, and
in a cache folder that is empty each time.
"""

from __future__ import annotations

import argparse
import os
import shutil
import statistics
import sys
import tempfile
from dataclasses import dataclass, field
from pathlib import Path

from process import Cost, cost_of
from synthetic import write_family

SCRIPT = str(Path(sys.executable).with_name("mergealign"))


@dataclass(frozen=True)
class Way:
    """A command, and what is deleted before each of its runs."""

    command: list[str]
    deleted: tuple[Path, ...] = ()
    costs: list[Cost] = field(default_factory=list)

    @property
    def wall_s(self) -> float:
        return statistics.median(c.wall_s for c in self.costs[1:])  # the first warms up

    @property
    def cpu_s(self) -> float:
        return statistics.median(c.cpu_s for c in self.costs[1:])


def ways(scratch: Path) -> dict[str, Way]:
    write_family(scratch, 1e6, vocab=256)
    cache, out = scratch / "cache", scratch / "out"
    os.environ["XDG_CACHE_HOME"] = str(cache)
    os.environ.pop("NUMBA_CACHE_DIR", None)
    models = [part for role in ("base", "domain", "aligned") for part in (f"--{role}", str(scratch / role))]
    merge = [SCRIPT, "merge", *models, "--domain-weight", "0.7", "--out", str(out)]
    return {
        "bare Python": Way([sys.executable, "-c", "pass"]),
        "import numpy": Way([sys.executable, "-c", "import numpy"]),
        "import mergealign": Way([sys.executable, "-c", "import mergealign"]),
        "mergealign --help": Way([SCRIPT, "--help"]),
        "mergealign merge --help": Way([SCRIPT, "merge", "--help"]),
        "merge, compiling": Way(merge, (cache, out)),
        "merge": Way(merge, (out,)),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--runs", type=int, default=11)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        measured = ways(Path(scratch))
        for _ in range(options.runs + 1):
            for way in measured.values():
                for folder in way.deleted:
                    shutil.rmtree(folder, ignore_errors=True)
                way.costs.append(cost_of(way.command))
    bare = measured["bare Python"]
    for name, way in measured.items():
        over, cpu = 1000 * (way.wall_s - bare.wall_s), 1000 * (way.cpu_s - bare.cpu_s)
        print(f"{name:25} {way.wall_s / bare.wall_s:6.1f} × bare Python, {over:+6.0f} ms over it (CPU {cpu:+6.0f} ms)")


if __name__ == "__main__":
    main()
