"""Searches over a formula: limits, samplers, and that no moment is a bad one to be killed at."""

from __future__ import annotations

import json
import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from mergealign.errors import NumericsError, OutputError
from mergealign.record.study import Trial
from mergealign.tradeoff.choice import Policy, choose
from mergealign.tradeoff.journal import open_journal
from mergealign.tradeoff.samplers import choose_sampler, utility
from mergealign.tradeoff.search import Found, Limits, areas, search

from ._killed import run_search
from .fakes import BOUNDS, Bench, measures, search_of

ROOT = Path(__file__).parents[2]
N = 9


def run(
    file: Path, sampler: str = "random", n: int = N, *, granularity: str = "global", seed: int = 0, **limits: Any
) -> tuple[Found, Bench]:
    what = search_of(granularity, n, seed)
    bench = Bench(what.dimensions)
    with open_journal(file, {"seed": seed}, what.dimensions, what.bounds) as journal:
        return search(journal, what, sampler, Limits(n, **limits), bench), bench


def results(trials: Sequence[Trial]) -> list[Any]:
    """All but numbers and seconds, which an interruption may change."""
    left_out = {"number", "propose_s", "merge_s", "evaluate_s", "weights_digest"}
    return [t.model_dump(exclude=left_out) for t in trials]


def test_corners_come_first(tmp_path: Path) -> None:
    found, bench = run(tmp_path / "j")
    assert [t.origin for t in found.trials[:5]] == ["corner"] * 4 + ["random"]
    assert bench.asked[0] == {"domain_weight": 1.0, "alignment_weight": 0.0}
    assert found.stopped == "all 9 trials are done"
    assert [t.number for t in found.trials] == list(range(N))


@pytest.mark.parametrize("sampler", ["grid", "random", "cmaes"])
def test_proposals_are_in_bounds_new_and_repeatable(sampler: str, tmp_path: Path) -> None:
    first, bench = run(tmp_path / "a", sampler, 14)
    again, _ = run(tmp_path / "b", sampler, 14)
    other, _ = run(tmp_path / "c", sampler, 14, seed=1)
    assert results(first.trials) == results(again.trials) != results(other.trials)
    assert all(0 <= v <= 1.5 for point in bench.asked for v in point.values())
    assert len({json.dumps(p, sort_keys=True) for p in bench.asked}) == len(bench.asked)


def test_a_grid_ends_by_itself(tmp_path: Path) -> None:
    found, _ = run(tmp_path / "j", "grid", 24)
    assert found.stopped == "all points of the grid are done"
    assert len(found.trials) == 16  # 4 × 4 points, the corners among them
    more, bench = run(tmp_path / "j", "grid", 40)  # a finer grid, going on in the same journal
    assert len(more.trials) > len(found.trials)
    assert all(point not in [t.point for t in found.trials] for point in bench.asked)


def test_gaussian_processes_and_their_resumption(tmp_path: Path) -> None:
    whole, _ = run(tmp_path / "whole", "gp", 10)
    assert [t.origin for t in whole.trials[8:]] == ["gp", "gp"]
    run(tmp_path / "parts", "gp", 9)
    parts, bench = run(tmp_path / "parts", "gp", 10)
    assert len(bench.asked) == 1
    assert results(parts.trials) == results(whole.trials)


def test_cma_es_gains_on_the_corners_in_many_dimensions(tmp_path: Path) -> None:
    found, _ = run(tmp_path / "j", "cmaes", 40, granularity="group:3")
    values = [utility(t.measures, BOUNDS) for t in found.trials]
    assert max(values[4:]) > max(values[:4])


def test_cma_es_starts_at_a_mixture(tmp_path: Path) -> None:
    """Around the expert, which satisfies all bounds, nothing is safe: there is no slope to follow."""
    what = search_of(n_trials=40)
    bounds = Policy(keep_knowledge=0.95).bounds(measures(1, 0), measures(0.2, 1))

    def steep(point: Any, begun: Trial) -> Trial:
        domain, aligned = point.values()
        found = measures(min(1.0, domain + 0.05 - aligned / 10), float(aligned > domain))
        return begun.model_copy(update={"state": "complete", "measures": found})

    with open_journal(tmp_path / "j", {}, what.dimensions, bounds) as journal:
        found = search(journal, replace(what, bounds=bounds), "cmaes", Limits(12), steep)
    assert max(utility(t.measures, bounds) for t in found.trials[:4]) == 0  # the expert
    assert [t.measures.safety.value for t in found.trials[4:] if t.measures].count(1) >= 3


def test_a_journal_that_is_done_asks_nothing_more(tmp_path: Path) -> None:
    first, _ = run(tmp_path / "j")
    again, bench = run(tmp_path / "j")
    assert not bench.asked
    assert again.trials == first.trials


def test_more_trials_go_on_where_it_ended(tmp_path: Path) -> None:
    run(tmp_path / "j", n=5)
    found, bench = run(tmp_path / "j", n=12)
    assert len(bench.asked) == 7
    assert results(found.trials) == results(run(tmp_path / "whole", n=12)[0].trials)


def test_patience(tmp_path: Path) -> None:
    found, _ = run(tmp_path / "j", n=200, patience=6)
    assert found.stopped == "the hypervolume did not move for 6 trials"
    area = areas(found.trials, BOUNDS)
    assert area[-1] - area[-7] < 1e-4 <= area[-1] - area[-8]
    again, bench = run(tmp_path / "j", n=200, patience=6)
    assert not bench.asked
    assert again.stopped == found.stopped


def test_no_time_no_trials(tmp_path: Path) -> None:
    found, bench = run(tmp_path / "j", max_hours=0.0)
    assert not bench.asked
    assert found.stopped == "0 hours are over"


def test_a_merge_that_fails_is_a_failed_trial(tmp_path: Path) -> None:
    what = search_of()
    bench = Bench(what.dimensions)

    def sometimes(point: Any, begun: Trial) -> Trial:
        if begun.number % 3 == 1:
            raise NumericsError("merging 'a' overflows float16", cure="choose another dtype")
        return bench(point, begun)

    for sampler in ("random", "cmaes", "grid"):
        with open_journal(tmp_path / sampler, {}, what.dimensions, what.bounds) as journal:
            found = search(journal, what, sampler, Limits(N), sometimes)
        assert [t.state for t in found.trials] == ["failed" if n % 3 == 1 else "complete" for n in range(N)]
        assert found.trials[1].error == "merging 'a' overflows float16"
        assert choose(found.trials, BOUNDS).winner != 1


def test_another_search_is_refused(tmp_path: Path) -> None:
    run(tmp_path / "j", seed=0)
    with pytest.raises(OutputError, match=r"is the journal of another search: seed differ"):
        run(tmp_path / "j", seed=1)


def test_a_damaged_journal_is_refused(tmp_path: Path) -> None:
    run(tmp_path / "j", n=5)
    lines = (tmp_path / "j").read_bytes().splitlines(keepends=True)
    (tmp_path / "j").write_bytes(b"".join([*lines[:4], b'{"op_code"\n', *lines[4:]]))
    with pytest.raises(OutputError, match="is damaged"):
        run(tmp_path / "j", n=6)


def test_dashboards_can_read_it(tmp_path: Path) -> None:
    import optuna
    from optuna.storages import JournalStorage
    from optuna.storages.journal import JournalFileBackend

    found, _ = run(tmp_path / "j")
    study = optuna.load_study(study_name=None, storage=JournalStorage(JournalFileBackend(str(tmp_path / "j"))))
    assert study.metric_names == ["knowledge", "safety"]
    assert [t.params for t in study.trials] == [t.point for t in found.trials]
    assert all(t.constraints.keys() == {"over_refusal", "incoherent", "general"} for t in study.trials)


@pytest.mark.parametrize(("sampler", "n"), [("cmaes", 6), pytest.param("random", 9, marks=pytest.mark.slow)])
def test_cut_anywhere_the_journal_goes_on_as_if_nothing_had_happened(sampler: str, n: int, tmp_path: Path) -> None:
    """A process that is killed leaves a beginning of the journal: all that end a line, and some that do not."""
    whole, _ = run(tmp_path / "whole", sampler, n)
    content = (tmp_path / "whole").read_bytes()
    ends = [n + 1 for n, byte in enumerate(content) if byte == ord("\n")]
    dice = random.Random(0)
    for n_lines, end in enumerate([0, *ends]):
        inside = [dice.randrange(end + 1, ends[n_lines])] if n_lines < len(ends) and n_lines % 4 == 0 else []
        for cut in (end, *inside):
            file = tmp_path / f"{cut}"
            file.write_bytes(content[:cut])
            n_kept = content[:end].count(b'"state":"complete"')
            found, bench = run(file, sampler, n)
            assert results(found.trials) == results(whole.trials)
            assert len(bench.asked) == n - n_kept  # none lost, none repeated
            file.unlink()


def test_killed_again_and_again(tmp_path: Path) -> None:
    """Real processes and SIGKILL at random moments."""
    journal, asked = tmp_path / "journal", tmp_path / "asked"
    dice = random.Random(1)
    command = [sys.executable, "-m", "tests.tradeoff._killed", str(journal), str(asked)]
    n_killed = 0
    for _ in range(5):
        with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as process:
            assert process.stdout is not None
            assert process.stdout.readline() == "ready\n"
            time.sleep(dice.uniform(0, 0.1))
            process.send_signal(signal.SIGKILL)
            if process.wait() != -signal.SIGKILL:
                break
            n_killed += 1
    assert n_killed >= 2
    found = run_search(journal, asked)
    whole = run_search(tmp_path / "whole", tmp_path / "whole asked")
    assert results(found.trials) == results(whole.trials)
    finished = [line for line in asked.read_text().splitlines() if line.startswith("done")]
    assert len(set(finished)) == len(whole.trials)
    # what was measured but not kept yet when the kill came is measured once more: at most once for each kill
    assert len(finished) <= len(whole.trials) + n_killed
    assert not [f for f in os.listdir(tmp_path) if "lock" in f]


def test_auto_chooses_by_the_number_of_dimensions() -> None:
    assert choose_sampler("auto", 2).name == "gp"
    assert choose_sampler("auto", 64).name == "cmaes"
    assert "64 dimensions" in choose_sampler("auto", 64).reason
