"""`mergealign align` on tiny models: from three folders to a merged one with its records."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
import typer
from typer.testing import CliRunner, Result

from mergealign.checkpoint.digest import weights_digest_of_folder
from mergealign.cli.align import NO_CHOICE
from mergealign.cli.align import align as command
from mergealign.errors import MergeAlignError
from mergealign.record.evaluation import read_eval_record
from mergealign.record.study import Bound, StudyRecord, Trial, read_study_record
from mergealign.tradeoff.bench import Bench
from mergealign.tradeoff.choice import Policy

from ..tradeoff.conftest import Family, tiny

__all__ = ["tiny"]


def align(family: Family, out: Path, *more: object) -> Result:
    app = typer.Typer()
    app.command()(command)
    models = [a for role, folder in family.folders.items() for a in (f"--{role}", folder)]
    given = [*models, "--suite", family.suite, "--out", out, "--sampler", "random", "--trials", 5, "--threads", 1]
    arguments = [str(a) for a in (*given, "--batch-size", 8, "--allow-unrelated", *more)]
    return CliRunner().invoke(app, arguments)


def asked(monkeypatch: pytest.MonkeyPatch, stop_at: int | None = None) -> list[dict[str, float]]:
    """The points that are measured from now on; at number `stop_at`, Ctrl-C."""
    points: list[dict[str, float]] = []
    measure = Bench.trial

    def trial(self: Bench, plan_of: Any, point: Any, begun: Trial) -> Trial:
        if len(points) == stop_at:
            raise KeyboardInterrupt
        points.append(dict(point))
        return measure(self, plan_of, point, begun)

    monkeypatch.setattr(Bench, "trial", trial)
    return points


@pytest.fixture(scope="module")
def done(tiny: Family, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Result]:
    out = tmp_path_factory.mktemp("align") / "out"
    return out, align(tiny, out, "--compare", "slerp,ties:density=0.5")


def record_of(out: Path) -> StudyRecord:
    return read_study_record(out / "study.json")


def test_from_three_models_to_one_with_its_records(done: tuple[Path, Result], tiny: Family) -> None:
    out, result = done
    assert result.exit_code == 0, (result.output, result.exception)
    assert {f.name for f in out.iterdir()} >= {"merged", "study.json", "scores.json", "answers.jsonl", "study.journal"}
    record = record_of(out)
    assert len(record.trials) == 5
    winner = next(t for t in record.trials if t.number == record.choice.winner)
    assert winner.weights_digest == weights_digest_of_folder(out / "merged")
    assert record.recipe is not None
    assert {k: v for k, v in record.recipe["parameters"].items() if k in winner.point} == winner.point
    corner = record.trials[0]  # (1, 0): the expert itself, and so it is measured
    expert = next(m for m in record.references if m.name == "domain")
    assert corner.weights_digest == weights_digest_of_folder(tiny.folders["domain"])
    assert corner.measures == expert.measures


def test_the_winner_is_confirmed_on_test_items(done: tuple[Path, Result]) -> None:
    out, result = done
    record, scores = record_of(out), read_eval_record(out / "scores.json")
    assert scores.settings.split == "test"
    assert [m.name for m in scores.models] == ["base", "domain", "aligned", "merged", "slerp", "ties"]
    confirmed = record.confirmation
    assert confirmed is not None
    assert confirmed.held_out
    assert (confirmed.knowledge.a.name, confirmed.knowledge.b.name) == ("domain", "merged")
    assert {d.section for d in confirmed.knowledge.differences} == {"knowledge"}
    assert {d.section for d in confirmed.safety.differences} == {"harmful", "benign"}
    assert "held-out test items" in result.stdout


def test_no_words_of_prompts_in_any_record(done: tuple[Path, Result]) -> None:
    out, result = done
    for name in ("study.json", "scores.json", "development.json", "study.journal"):
        assert "paint the" not in (out / name).read_text()
    assert "paint the" not in result.output


def test_nothing_is_replaced_without_being_asked(done: tuple[Path, Result], tiny: Family) -> None:
    out, _ = done
    result = align(tiny, out)
    assert isinstance(result.exception, MergeAlignError)
    assert "holds a search\n  → go on with --resume, start anew with --overwrite" in str(result.exception)


def test_a_finished_search_can_be_judged_again(
    done: tuple[Path, Result], tiny: Family, monkeypatch: pytest.MonkeyPatch
) -> None:
    out, _ = done
    before, points = record_of(out), asked(monkeypatch)
    assert align(tiny, out, "--resume", "--keep-knowledge", 0).exit_code == 0
    after = record_of(out)
    assert not points
    assert after.trials == before.trials
    assert after.bounds[0].limit == 0
    assert after.choice.winner is not None


def test_where_nothing_qualifies_nothing_is_merged(
    tiny: Family, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    impossible = Bound(measure="safety", at_least=True, limit=1.5, rule="more than all")
    monkeypatch.setattr(Policy, "bounds", lambda *_: (impossible,))
    result = align(tiny, tmp_path / "out", "--trials", 2)
    assert result.exit_code == NO_CHOICE
    record = record_of(tmp_path / "out")
    assert (record.choice.blocking, record.choice.nearest, record.confirmation) == (("safety",), 0, None)
    assert "satisfies all bounds; nearest is trial 0: safety must be at least 1.5000" in result.stdout
    assert not (tmp_path / "out" / "merged").exists()


def test_stopped_and_resumed_equals_uninterrupted(
    done: tuple[Path, Result], tiny: Family, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    out = tmp_path / "out"
    with monkeypatch.context() as patch:
        points = asked(patch, stop_at=3)
        stopped = align(tiny, out)
    assert len(points) == 3
    assert stopped.exit_code == 130
    assert f"the trials so far are kept in {out}: go on with --resume" in stopped.stderr
    points = asked(monkeypatch)
    assert align(tiny, out, "--resume").exit_code == 0
    assert len(points) == 2

    def told(trials: Sequence[Trial]) -> list[Any]:
        return [(t.point, t.weights_digest, t.measures) for t in trials]

    assert told(record_of(out).trials) == told(record_of(done[0]).trials)


def test_layers_have_weights_of_their_own(tiny: Family, tmp_path: Path) -> None:
    result = align(tiny, tmp_path / "out", "--granularity", "layer", "--limit", 2, "--json")
    assert result.exit_code == 0, result.output
    record = StudyRecord.model_validate_json(result.stdout)
    assert [d.name for d in record.settings.dimensions] == [
        f"{p}@layer {n}" for p in ("domain_weight", "alignment_weight") for n in (0, 1)
    ]
    winner = next(t for t in record.trials if t.number == record.choice.winner)
    assert winner.weights_digest == weights_digest_of_folder(tmp_path / "out" / "merged")


def test_another_method(tiny: Family, tmp_path: Path) -> None:
    options = ["--method", "ties", "--set", "weight=1", "--search", "density=0.2:1", "--search", "lambda=0.5:2"]
    assert align(tiny, tmp_path / "out", *options, "--trials", 4, "--limit", 2).exit_code == 0
    record = record_of(tmp_path / "out")
    assert record.settings.method == "ties"
    assert record.trials[0].point == pytest.approx({"density": 0.6, "lambda": 1.25})  # the middle of the ranges


def test_a_dry_run_writes_nothing(tiny: Family, tmp_path: Path) -> None:
    result = align(tiny, tmp_path / "out", "--dry-run", "--json")
    assert result.exit_code == 0, (result.output, result.exception)
    found = json.loads(result.stdout)
    assert (found["n_trials"], found["n_development"], found["n_test"]) == (5, 8, 4)
    assert (found["n_items_development"], found["n_items_test"]) == (28, 28)
    assert found["total_s"] > 0
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--resume", "--overwrite"], "contradict each other"),
        (["--sampler", "tpe"], "--sampler tpe is not known"),
        (["--sampler", "grid", "--granularity", "layer"], "a grid of 4 dimensions"),
        (["--granularity", "group:9"], "the model has 2 layers"),
        (["--method", "ties"], "nothing to search in ties\n  → add --search KEY=LOW:HIGH; numeric: weight, density"),
        (["--search", "domain_weight=2:1"], "the first number must be the smaller one"),
        (["--search", "density=0:1"], "has no parameter 'density'"),
        (["--method", "ties", "--set", "weight=1", "--search", "density=0:3"], "less than or equal to 1"),
        (["--set", "domain_weight=1", "--search", "domain_weight=0:1"], "with --set and with --search"),
        (["--compare", "tees,slerp:t=x"], "did you mean 'ties'"),
        (["--search-judge", "llama"], "the suite has no judge of this name"),
        (["--device", "cuda:77"], "is not available here"),
    ],
)
def test_mistakes_are_told_before_anything_is_written(
    options: list[str], message: str, tiny: Family, tmp_path: Path
) -> None:
    result = align(tiny, tmp_path / "out", *options)
    assert isinstance(result.exception, MergeAlignError), result.output
    assert message in str(result.exception)
    assert not (tmp_path / "out" / "merged").exists()
