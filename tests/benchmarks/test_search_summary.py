"""The pure parts of benchmarks/search_efficiency.py: finished runs on disk, intervals, the summary."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from benchmarks.search_summary import interval, read_lines, summarize


def line(name: str, seed: int, area: float) -> dict[str, Any]:
    seconds = {"propose_s": 0.5, "merge_s": 0.5, "evaluate_s": 3.0}
    return {"seed": seed, "name": name, "n_trials": 8, "hypervolume": {"4": area / 2, "8": area}, **seconds}


def test_a_line_that_was_cut_off_is_removed(tmp_path: Path) -> None:
    file = tmp_path / "runs.jsonl"
    assert read_lines(file) == []
    whole = json.dumps(line("mergealign global gp", 0, 0.9)) + "\n"
    file.write_text(whole + whole[:20])
    assert [r["seed"] for r in read_lines(file)] == [0]
    assert file.read_text() == whole


def test_the_interval_of_a_mean() -> None:
    low, high = interval([1.0, 2.0, 3.0, 4.0, 5.0])
    assert 1 < low < 3 < high < 5
    assert interval([2.0, 2.0]) == (2.0, 2.0)


def test_differences_are_paired_by_seed(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "runs.jsonl"
    ours = [line("mergealign global gp", s, 0.8 + s / 100) for s in range(3)]
    other = [line("slerp global gp", s, 0.7 + s / 100) for s in range(1, 3)]
    cold = [line("mergealign global gp cold", 0, 0.1)]
    file.write_text("".join(json.dumps(r) + "\n" for r in (*ours, *other, *cold)))
    summarize([file])
    medians, differences = capsys.readouterr().out.split("against mergealign global gp,")
    assert " 8:  81.0   0.12 s of a trial outside evaluation (25 %)" in medians
    assert "slerp global gp                 -10.00 [-10.00 to -10.00]   0 of 2" in differences
    assert "cold" not in differences
