"""What the runs of search_efficiency.py say together: medians over seeds, paired differences, time of proposals."""

from __future__ import annotations

import json
import os
import statistics
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

__all__ = ["interval", "read_lines", "summarize"]

AGAINST = (
    "mergealign global random",
    "mergealign global gp",
    "mergealign global random cold",
    "mergealign layer random cold",
    "mergealign global full grid",
)


def read_lines(file: Path) -> list[dict[str, Any]]:
    """Finished runs. A line that was cut off is removed from the file."""
    if not file.exists():
        return []
    content = file.read_bytes()
    whole = content.rfind(b"\n") + 1
    if whole < len(content):
        os.truncate(file, whole)
    return [json.loads(line) for line in content[:whole].splitlines()]


def interval(differences: Sequence[float]) -> tuple[float, float]:
    """95 % percentile bootstrap of the mean; seeds are drawn with replacement. Too narrow for few seeds."""
    import numpy as np

    drawn = np.random.default_rng(0).choice(np.asarray(differences), (10_000, len(differences))).mean(axis=1)
    low, high = np.quantile(drawn, (0.025, 0.975))
    return float(low), float(high)


def summarize(files: Sequence[Path]) -> None:
    """Medians over seeds, and paired differences of the last hypervolume of each run."""
    by_name: dict[str, dict[int, dict[str, Any]]] = {}
    for line in (line for file in files for line in read_lines(file)):
        by_name.setdefault(line["name"], {})[line["seed"]] = line
    print("hypervolume on test items in % of a perfect model's, median over seeds; time of the search")
    for name, lines in by_name.items():
        counts = sorted({int(n) for r in lines.values() for n in r["hypervolume"]})
        medians = {n: statistics.median(r["hypervolume"][str(n)] for r in lines.values()) for n in counts}
        outside = [(r["propose_s"] + r["merge_s"]) / r["n_trials"] for r in lines.values()]
        inside = [r["evaluate_s"] / r["n_trials"] for r in lines.values()]
        share = sum(outside) / (sum(outside) + sum(inside))
        shown = "  ".join(f"{n:>2}: {100 * m:5.1f}" for n, m in medians.items())
        times = f"{statistics.median(outside):.2f} s of a trial outside evaluation ({100 * share:.0f} %)"
        print(f"  {name:<31} {len(lines)} seeds   {shown}   {times}")
    for other in (o for o in AGAINST if o in by_name):
        print(f"against {other}, after all trials: points, mean over seeds [95 % bootstrap over seeds], seeds won")
        for name, lines in by_name.items():
            both = sorted(lines.keys() & by_name[other].keys())
            if name == other or not both or name.endswith("cold") != other.endswith("cold"):
                continue
            differences = [_last(lines[s]) - _last(by_name[other][s]) for s in both]
            low, high = interval(differences)
            mean, n_won = statistics.mean(differences), sum(d > 0 for d in differences)
            print(f"  {name:<31} {mean:+6.2f} [{low:+.2f} to {high:+.2f}]   {n_won} of {len(both)}")


def _last(line: Mapping[str, Any]) -> float:
    areas = line["hypervolume"]
    return 100 * float(areas[max(areas, key=int)])
