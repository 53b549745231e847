"""One real demo for all end-to-end tests: a tiny family, its merge searched and confirmed by the console script."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

from mergealign.record.evaluation import EvalRecord, read_eval_record
from mergealign.record.study import StudyRecord, read_study_record

SCRIPT = Path(sys.executable).with_name("mergealign")


@dataclass(frozen=True)
class Demo:
    """The folder that holds `demo/`, what the command printed, the scores on test items, and the search."""

    root: Path
    printed: str
    scores: EvalRecord
    study: StudyRecord


def mergealign(*arguments: object, cwd: Path) -> subprocess.CompletedProcess[str]:
    """The console script, in a process of its own."""
    return subprocess.run([SCRIPT, *map(str, arguments)], cwd=cwd, capture_output=True, text=True)


@pytest.fixture(scope="session")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Demo:
    root = tmp_path_factory.mktemp("end-to-end")
    done = mergealign("demo", "--out", "demo", "--seed", 0, cwd=root)
    assert done.returncode == 0, done.stderr
    out = root / "demo"
    return Demo(root, done.stdout, read_eval_record(out / "scores.json"), read_study_record(out / "study.json"))
