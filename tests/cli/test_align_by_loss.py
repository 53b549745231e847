"""`mergealign align --objective loss` and `--start cocktail` on tiny models."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from typer.testing import Result

from mergealign.checkpoint.digest import file_digest, weights_digest_of_folder
from mergealign.cli.align import NO_CHOICE
from mergealign.errors import MergeAlignError
from mergealign.record.study import Bound, StudyRecord, Trial
from mergealign.tradeoff.bench import Bench
from mergealign.tradeoff.choice import Policy
from mergealign.tradeoff.cocktail import cocktail_weights

from ..tiny_llama import write_jsonl
from ..tradeoff.conftest import Family, tiny
from .test_align import align, asked, record_of

__all__ = ["tiny"]

POLICY = ["--keep-knowledge", 0, "--keep-general", 0, "--max-over-refusal-increase", 1, "--max-incoherent-increase", 1]


def by_loss(family: Family, out: Path, *more: object) -> Result:
    files = ["--safety-answers", family.safety_answers, "--expert-answers", family.expert_answers]
    return align(family, out, "--objective", "loss", *files, "--finalists", 2, "--limit", 3, *POLICY, *more)


def losses(monkeypatch: pytest.MonkeyPatch, stop_at: int | None = None) -> list[dict[str, float]]:
    """The points whose loss is taken from now on; at number `stop_at`, Ctrl-C."""
    points: list[dict[str, float]] = []
    measure = Bench.loss_trial

    def loss_trial(self: Bench, plan_of: Any, point: Any, begun: Trial) -> Trial:
        if len(points) == stop_at:
            raise KeyboardInterrupt
        points.append(dict(point))
        return measure(self, plan_of, point, begun)

    monkeypatch.setattr(Bench, "loss_trial", loss_trial)
    return points


@pytest.fixture
def nothing_qualifies(monkeypatch: pytest.MonkeyPatch) -> None:
    """So that nothing is merged and confirmed, which takes its time."""
    impossible = Bound(measure="safety", at_least=True, limit=1.5, rule="more than all")
    monkeypatch.setattr(Policy, "bounds", lambda *_: (impossible,))


def essence(record: StudyRecord) -> Any:
    """All but seconds, and numbers, in which a stopped trial leaves a gap."""
    left_out = {"propose_s", "merge_s", "evaluate_s", "number"}
    order = [t.number for t in record.trials]
    chosen = [order.index(n) for n in (*record.finalists, record.choice.winner) if n is not None]
    return [t.model_dump(exclude=left_out) for t in record.trials], chosen


@pytest.fixture(scope="module")
def done(tiny: Family, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Result]:
    out = tmp_path_factory.mktemp("loss") / "out"
    return out, by_loss(tiny, out, "--alpha", 0.5, "--start", "cocktail", "--temperature", 2, "--trials", 7)


def test_losses_choose_finalists_and_what_they_say_chooses_the_winner(done: tuple[Path, Result]) -> None:
    out, result = done
    assert result.exit_code in (0, NO_CHOICE), (result.output, result.exception)
    record = record_of(out)
    assert [t.origin for t in record.trials] == ["corner"] * 4 + ["cocktail"] + ["random"] * 2
    for trial in record.trials:
        assert trial.loss is not None
        assert trial.loss.total == trial.loss.safety + 0.5 * trial.loss.expert
    assert len(record.finalists) == 2
    assert {t.number for t in record.trials if t.measures is not None} == set(record.finalists)
    known = {m.weights_digest for m in record.references}
    others = [t for t in record.trials if t.weights_digest not in known and t.loss is not None]
    best = min(others, key=lambda t: t.loss.total if t.loss else 0.0)
    assert record.finalists[0] == best.number
    assert record.hypervolume == ()
    if record.choice.winner is not None:
        winner = next(t for t in record.trials if t.number == record.choice.winner)
        assert winner.weights_digest == weights_digest_of_folder(out / "merged")
        assert record.confirmation is not None


def test_the_record_says_what_losses_were_taken_on(done: tuple[Path, Result], tiny: Family) -> None:
    settings = record_of(done[0]).settings
    assert (settings.objective, settings.n_finalists) == ("loss", 2)
    assert settings.losses is not None
    assert (settings.losses.safety.n, settings.losses.expert.n, settings.losses.alpha) == (6, 8, 0.5)
    assert settings.losses.safety.digest == file_digest(tiny.safety_answers)
    assert settings.losses.expert.digest == file_digest(tiny.expert_answers)


def test_the_cocktail_is_the_softmax_of_losses_of_expert_and_aligned_model(done: tuple[Path, Result]) -> None:
    record = record_of(done[0])
    start = record.settings.cocktail
    assert start is not None
    assert [start.losses["domain"], start.losses["aligned"]] == [t.loss for t in record.trials[:2]]
    assert start.weights == cocktail_weights({name: loss.total for name, loss in start.losses.items()}, 2.0)
    weights = start.weights["domain"], start.weights["aligned"]
    assert tuple(record.trials[4].point.values()) == weights
    assert f"LM-Cocktail weights: domain {weights[0]:.3f}" in done[1].stderr


def test_no_words_of_answers_in_any_record(done: tuple[Path, Result]) -> None:
    out, result = done
    for name in ("study.json", "development.json", "study.journal"):
        assert "take paint" not in (out / name).read_text()
        assert "paint the" not in (out / name).read_text()
    assert "take paint" not in result.output
    assert "paint the" not in result.output


@pytest.mark.usefixtures("nothing_qualifies")
def test_stopped_and_resumed_equals_uninterrupted(
    tiny: Family, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert by_loss(tiny, tmp_path / "whole").exit_code == NO_CHOICE
    with monkeypatch.context() as patch:
        points = losses(patch, stop_at=3)
        assert by_loss(tiny, tmp_path / "out").exit_code == 130
    assert len(points) == 3
    points = losses(monkeypatch)
    with monkeypatch.context() as patch:
        asked(patch, stop_at=1)  # behind the first finalist
        assert by_loss(tiny, tmp_path / "out", "--resume").exit_code == 130
    assert len(points) == 2
    assert by_loss(tiny, tmp_path / "out", "--resume").exit_code == NO_CHOICE
    assert len(points) == 2
    assert essence(record_of(tmp_path / "out")) == essence(record_of(tmp_path / "whole"))
    before = record_of(tmp_path / "out")
    by_loss(tiny, tmp_path / "out", "--resume", "--finalists", 3, "--limit", 2)  # other finalists, other items
    after = record_of(tmp_path / "out")
    assert len(points) == 2
    assert after.finalists[:2] == before.finalists
    assert (len(after.finalists), after.settings.limit) == (3, 2)
    assert [t.loss for t in after.trials] == [t.loss for t in before.trials]
    again = align(tiny, tmp_path / "out", "--resume", "--limit", 3)
    assert isinstance(again.exception, MergeAlignError)
    assert "is the journal of a search by loss\n  → give the options of that search" in str(again.exception)


@pytest.mark.usefixtures("nothing_qualifies")
def test_other_answers_are_another_search(tiny: Family, tmp_path: Path) -> None:
    assert by_loss(tiny, tmp_path / "out", "--trials", 2).exit_code == NO_CHOICE
    more = tmp_path / "more.jsonl"
    more.write_text(tiny.expert_answers.read_text() * 2)
    for change in (["--expert-answers", more], ["--alpha", 2]):
        result = by_loss(tiny, tmp_path / "out", "--trials", 2, "--resume", *change)
        assert isinstance(result.exception, MergeAlignError)
        assert "another search: answers differ" in str(result.exception)
    known = (tmp_path / "out" / "development.json").read_bytes()
    result = by_loss(tiny, tmp_path / "out", "--trials", 2, "--resume", "--batch-size", 3)
    assert "another search: batch_size differ" in str(result.exception)
    assert (tmp_path / "out" / "development.json").read_bytes() == known


def test_an_option_that_would_be_ignored(tiny: Family, tmp_path: Path) -> None:
    result = align(tiny, tmp_path / "out", "--temperature", 2, "--finalists", 3)
    assert "--finalists has no use here\n  → add --objective loss" in str(result.exception)
    assert "--temperature has no use here\n  → add --start cocktail" in str(result.exception)
    assert not (tmp_path / "out").exists()


@pytest.mark.usefixtures("nothing_qualifies")
def test_groups_have_weights_of_their_own(tiny: Family, tmp_path: Path) -> None:
    result = by_loss(tiny, tmp_path / "out", "--granularity", "layer", "--sampler", "cmaes", "--start", "cocktail")
    assert result.exit_code == NO_CHOICE, (result.output, result.exception)
    record = record_of(tmp_path / "out")
    assert len(record.settings.dimensions) == 4
    assert record.trials[4].origin == "cocktail"
    assert len(set(record.trials[4].point.values())) == 2


def test_a_dry_run_takes_losses(tiny: Family, tmp_path: Path) -> None:
    result = by_loss(tiny, tmp_path / "out", "--dry-run", "--json", "--start", "cocktail")
    assert result.exit_code == 0, (result.output, result.exception)
    found = json.loads(result.stdout)
    assert (found["n_trials"], found["n_losses"], found["n_pairs"]) == (5, 7, 14)
    assert (found["n_development"], found["n_test"]) == (3 + 2, 4)
    assert found["loss_s"] > 0
    lines = by_loss(tiny, tmp_path / "out", "--dry-run").stdout
    assert "losses       5 on 14 answers, " in lines
    assert not (tmp_path / "out").exists()


@pytest.mark.usefixtures("nothing_qualifies")
def test_generation_may_start_at_the_cocktail(tiny: Family, tmp_path: Path) -> None:
    files = ["--safety-answers", tiny.safety_answers, "--expert-answers", tiny.expert_answers]
    result = align(tiny, tmp_path / "out", "--start", "cocktail", *files, "--limit", 2, *POLICY)
    assert result.exit_code == NO_CHOICE, (result.output, result.exception)
    record = record_of(tmp_path / "out")
    assert record.trials[4].origin == "cocktail"
    assert all(t.loss is None and t.measures is not None for t in record.trials)
    assert record.settings.n_finalists is None


def test_mistakes_are_told_before_anything_is_written(tiny: Family, tmp_path: Path) -> None:
    long = write_jsonl(tmp_path / "long.jsonl", [{"prompt": "secret " * 99, "answer": "a"}])
    columns = write_jsonl(tmp_path / "columns.jsonl", [{"prompt": "secret", "response": "a"}])
    ties = ["--method", "ties", "--set", "weight=1", "--search", "density=0.2:1"]
    for options, message in (
        (["--expert-answers", long], f"{long}:1: prompt and answer are"),
        (["--safety-answers", columns], f"{columns}:1: 'answer' is missing (found: prompt, response)"),
        (["--safety-answers", tmp_path / "none"], f"cannot read {tmp_path / 'none'}"),
        (["--objective", "los"], "--objective los is not known"),
        (["--start", "cocktail", *ties], "LM-Cocktail gives weights of expert and aligned model"),
    ):
        result = by_loss(tiny, tmp_path / "out", *options)
        assert isinstance(result.exception, MergeAlignError), (result.output, result.exception)
        assert message in str(result.exception)
        assert "secret" not in str(result.exception)
        assert not (tmp_path / "out").exists()
