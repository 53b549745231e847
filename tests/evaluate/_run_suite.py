"""Evaluations in processes that can be killed: `python -m tests.evaluate._run_suite FOLDER MODEL…`.

Every line on standard input holds the places of one or more records, separated by tabs; each is made by a forked
process of its own, all at the same time. Importing what an evaluation needs takes longer than a tiny one, so this
process imports it once and lends it to its children. On standard output: `started PID`, `kept` (a batch, by a child),
`ended STATUS`.
"""

from __future__ import annotations

import os
import sys
import time
import traceback
from pathlib import Path
from typing import Any

from mergealign.cli.evaluate import evaluate
from mergealign.evaluate.cache import Cache
from mergealign.models import _harness

PAUSE_S = 0.01
"""Every batch takes so much longer before and after it is kept, so that kills land on either side."""


def main(folder: Path, models: list[str]) -> None:
    for line in sys.stdin:
        children = [_fork(folder, Path(out), models) for out in line.rstrip("\n").split("\t")]
        for child in children:
            print("started", child, flush=True)
        for child in children:
            print("ended", os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), flush=True)


def _fork(folder: Path, out: Path, models: list[str]) -> int:
    child = os.fork()
    if child:
        return child
    code = 1
    try:
        _evaluate(folder, out, models)
        code = 0
    finally:
        if code:
            traceback.print_exc()
        os._exit(code)


def _evaluate(folder: Path, out: Path, models: list[str]) -> None:
    put = Cache.put

    def slow(self: Cache, key: bytes, reply: Any) -> None:
        time.sleep(PAUSE_S)
        put(self, key, reply)
        os.write(1, b"kept\n")
        time.sleep(PAUSE_S)

    Cache.put = slow  # type: ignore[method-assign]
    sys.stdout = open(os.devnull, "w")  # noqa: SIM115 - the table
    evaluate([str(folder / m) for m in models], suite=str(folder / "suite.yml"), out=out, batch_size=3, threads=1)


if __name__ == "__main__":
    import datasets  # noqa: F401
    import transformers.models.llama.modeling_llama  # noqa: F401

    _harness.CHUNK_BATCHES = 1
    main(Path(sys.argv[1]), sys.argv[2:])
