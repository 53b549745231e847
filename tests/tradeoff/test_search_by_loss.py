"""Searches with the one objective of a loss: samplers, limits, the journal, and that kills lose nothing."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from mergealign.errors import NumericsError, OutputError
from mergealign.record.study import Trial
from mergealign.tradeoff.journal import open_journal
from mergealign.tradeoff.samplers import Search
from mergealign.tradeoff.search import Found, Limits, search

from .fakes import Bench, search_of
from .test_search import results

N = 8
COCKTAIL = {"domain_weight": 0.8, "alignment_weight": 0.2}


def what_of(n: int, **changes: Any) -> Search:
    return replace(search_of(n_trials=n), objective="loss", **changes)


def run(file: Path, sampler: str = "random", n: int = N, patience: int | None = None, **changes: Any) -> Any:
    what = what_of(n, **changes)
    bench = Bench(what.dimensions, by_loss=True)
    with open_journal(file, {"objective": "loss"}, what.dimensions, what.bounds, "loss") as journal:
        found = search(journal, what, sampler, Limits(n, patience), bench)
    return found, bench


def least(found: Found) -> float:
    return min(t.loss.total for t in found.trials if t.loss is not None)


@pytest.mark.parametrize(("sampler", "n"), [("grid", 20), ("cmaes", 24), ("gp", 12)])
def test_samplers_minimize_the_loss(sampler: str, n: int, tmp_path: Path) -> None:
    found, _ = run(tmp_path / "j", sampler, n)
    assert len(found.trials) <= n
    assert all(t.measures is None and t.state == "complete" for t in found.trials)
    corners = min(t.loss.total for t in found.trials[:4])
    assert least(found) < (0.25 if sampler == "grid" else 0.5) * corners


def test_the_cocktail_comes_behind_the_corners(tmp_path: Path) -> None:
    found, bench = run(tmp_path / "j", cocktail=COCKTAIL)
    assert [t.origin for t in found.trials[:6]] == ["corner"] * 4 + ["cocktail", "random"]
    assert bench.asked[4] == COCKTAIL


def test_it_ends_when_the_least_loss_does_not_move(tmp_path: Path) -> None:
    found, _ = run(tmp_path / "j", n=200, patience=6)
    assert found.stopped == "the least loss did not move for 6 trials"
    losses = [t.loss.total for t in found.trials]

    def stands_still(n: int) -> bool:
        return n >= 4 + 6 and min(losses[: n - 6]) - min(losses[:n]) < 1e-3

    assert [n for n in range(1, len(losses) + 1) if stands_still(n)] == [len(losses)]


def test_a_loss_that_is_no_number_is_a_failed_trial(tmp_path: Path) -> None:
    what = what_of(9)
    bench = Bench(what.dimensions, by_loss=True)

    def sometimes(point: Any, begun: Trial) -> Trial:
        if begun.number % 3 == 1:
            raise NumericsError("the loss is not a finite number")
        return bench(point, begun)

    for sampler in ("cmaes", "gp"):
        with open_journal(tmp_path / sampler, {}, what.dimensions, what.bounds, "loss") as journal:
            found = search(journal, what, sampler, Limits(9), sometimes)
        assert [t.state for t in found.trials] == ["failed" if n % 3 == 1 else "complete" for n in range(9)]


def test_cut_anywhere_the_journal_goes_on_as_if_nothing_had_happened(tmp_path: Path) -> None:
    whole, _ = run(tmp_path / "whole", "cmaes", 7, cocktail=COCKTAIL)
    content = (tmp_path / "whole").read_bytes()
    ends = [0, *(n + 1 for n, byte in enumerate(content) if byte == ord("\n"))]
    for end in ends:
        file = tmp_path / f"{end}"
        file.write_bytes(content[:end])
        n_kept = content[:end].count(b'"state":"complete"')
        found, bench = run(file, "cmaes", 7, cocktail=COCKTAIL)
        assert results(found.trials) == results(whole.trials)
        assert len(bench.asked) == 7 - n_kept


def test_gaussian_processes_go_on_as_well(tmp_path: Path) -> None:
    whole, _ = run(tmp_path / "whole", "gp", 10)
    run(tmp_path / "parts", "gp", 9)
    parts, bench = run(tmp_path / "parts", "gp", 10)
    assert len(bench.asked) == 1
    assert results(parts.trials) == results(whole.trials)


def test_proposals_are_computed_by_one_thread_whatever_the_model_uses(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import optuna
    import torch

    seen: list[int] = []

    class Sampler(optuna.samplers.RandomSampler):
        def sample_independent(self, *given: Any) -> Any:
            seen.append(torch.get_num_threads())
            return super().sample_independent(*given)

    monkeypatch.setattr("mergealign.tradeoff.journal._gp_sampler", Sampler)
    before = torch.get_num_threads()
    torch.set_num_threads(2)
    try:
        run(tmp_path / "j", "gp", 9)
        assert torch.get_num_threads() == 2
    finally:
        torch.set_num_threads(before)
    assert seen == [1, 1]


def test_a_journal_of_the_other_objective_is_refused(tmp_path: Path) -> None:
    run(tmp_path / "loss", n=5)
    generation = search_of(n_trials=5)
    bench = Bench(generation.dimensions)

    def by_generation(file: Path) -> None:
        fingerprint = {"objective": "generation"}
        with open_journal(file, fingerprint, generation.dimensions, generation.bounds) as journal:
            search(journal, generation, "random", Limits(5), bench)

    with pytest.raises(OutputError, match="is the journal of a search by loss"):
        by_generation(tmp_path / "loss")
    by_generation(tmp_path / "other")
    with pytest.raises(OutputError, match="is the journal of a search by generation"):
        run(tmp_path / "other", n=5)


def test_dashboards_see_one_metric(tmp_path: Path) -> None:
    import optuna
    from optuna.storages import JournalStorage
    from optuna.storages.journal import JournalFileBackend

    found, _ = run(tmp_path / "j", n=5)
    study = optuna.load_study(study_name=None, storage=JournalStorage(JournalFileBackend(str(tmp_path / "j"))))
    assert (study.metric_names, study.direction.name) == (["loss"], "MINIMIZE")
    assert study.best_value == least(found)
