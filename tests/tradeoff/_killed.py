"""A search in a process that can be killed: `python -m tests.tradeoff._killed JOURNAL LOG`."""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path

from mergealign.record.study import Trial
from mergealign.tradeoff.journal import open_journal
from mergealign.tradeoff.search import Found, Limits, search
from mergealign.tradeoff.space import Point

from .fakes import Bench, search_of

N_TRIALS = 24
PAUSE_S = 0.002


def run_search(journal: Path, log: Path) -> Found:
    """Every measurement takes some time, and is written to `log` when it is over."""
    what = search_of(n_trials=N_TRIALS)
    bench = Bench(what.dimensions)

    def measure(point: Point, begun: Trial) -> Trial:
        time.sleep(PAUSE_S)
        found = bench(point, begun)
        with log.open("a") as f:
            f.write(f"done {json.dumps(point, sort_keys=True)}\n")
        return found

    with open_journal(journal, {}, what.dimensions, what.bounds) as opened:
        return search(opened, what, "cmaes", Limits(N_TRIALS), measure)


if __name__ == "__main__":
    import optuna.storages.journal  # noqa: F401

    print("ready", flush=True)
    run_search(Path(sys.argv[1]), Path(sys.argv[2]))
