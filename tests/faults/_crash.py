"""Run a merge many times, each time killed a step later: `python -m tests.faults._crash ROOT WEIGHTS_DIGEST [had]`.

A step is a call that changes or opens something on disk. Each run is a fork that kills itself with SIGKILL in front of
its k-th step, until one gets through. After each, the state of the disk is checked. Prints the number of steps.
"""

from __future__ import annotations

import os
import shutil
import signal
import sys
from pathlib import Path
from typing import Any

from mergealign.merge.run import merge
from mergealign.recipe.merge import MergeRecipe, Models

from ._state import check_after_crash

STEPS = {"open", "os.mkdir", "os.rename", "os.remove", "os.rmdir", "os.truncate", "shutil.copyfile", "shutil.rmtree"}


def die_at(step: int) -> None:
    """Kill this process in front of its `step`-th step."""
    left = step

    def count(*_: object) -> None:
        nonlocal left
        left -= 1
        if left < 0:
            os.kill(os.getpid(), signal.SIGKILL)

    def audit(event: str, _: object) -> None:
        if event in STEPS:
            count()

    def counted(call: Any) -> Any:
        def counting(*arguments: Any) -> Any:
            count()
            return call(*arguments)

        return counting

    sys.addaudithook(audit)
    os.pwrite, os.close = counted(os.pwrite), counted(os.close)
    if hasattr(os, "posix_fallocate"):
        os.posix_fallocate = counted(os.posix_fallocate)


def main(root: Path, digest: str, *, had_output: bool) -> int:
    models = Models(**{role: str(root / role) for role in ("base", "domain", "aligned")})
    recipe = MergeRecipe(models=models)

    def run(out: Path) -> None:
        merge(recipe, out, threads=1, overwrite=had_output)

    run(root.parent / "warm-up")  # compiled code and imports are no steps
    shutil.rmtree(root.parent / "warm-up")
    for step in range(10_000):
        child = os.fork()
        if child == 0:
            die_at(step)
            run(root / "out")
            os._exit(0)
        _, status = os.waitpid(child, 0)
        check_after_crash(root, digest, had_output=had_output)
        if status == 0:
            return step
        assert os.waitstatus_to_exitcode(status) == -signal.SIGKILL, f"step {step}"
        if not had_output and (root / "out").exists():  # finished already; only cleaning up was left
            shutil.rmtree(root / "out")
    raise AssertionError("never got through")


if __name__ == "__main__":
    print(main(Path(sys.argv[1]), sys.argv[2], had_output=len(sys.argv) > 3))
