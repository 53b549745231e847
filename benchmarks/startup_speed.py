"""How long `import mergealign` and `mergealign --help` take, beside a bare interpreter; medians.

python benchmarks/startup_speed.py [--runs 11]
"""

from __future__ import annotations

import argparse
import statistics
import subprocess
import sys
import time
from pathlib import Path

SCRIPT = str(Path(sys.executable).with_name("mergealign"))
WAYS = {
    "bare Python": [sys.executable, "-c", "pass"],
    "import mergealign": [sys.executable, "-c", "import mergealign"],
    "mergealign --help": [SCRIPT, "--help"],
    "mergealign merge --help": [SCRIPT, "merge", "--help"],
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--runs", type=int, default=11)
    options = parser.parse_args()
    seconds: dict[str, list[float]] = {name: [] for name in WAYS}
    for _ in range(options.runs + 1):  # the first round warms up and is left out
        for name, command in WAYS.items():
            start = time.perf_counter()
            subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
            seconds[name].append(time.perf_counter() - start)
    medians = {name: statistics.median(s[1:]) for name, s in seconds.items()}
    for name, s in medians.items():
        over = 1000 * (s - medians["bare Python"])
        print(f"{name:25} {s / medians['bare Python']:5.1f} × bare Python, {over:+5.0f} ms over it")


if __name__ == "__main__":
    main()
