"""The pure parts of benchmarks/preference_baselines.py: pairs, results on disk, the table. Nothing here needs trl."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from benchmarks.preference.pairs import Pair, draw_pairs, require_held_out
from benchmarks.preference.results import Candidate, Cost, Results, Row, Settings
from benchmarks.preference.table import as_markdown

from mergealign.errors import EvaluationError, OutputError
from mergealign.lab import words
from mergealign.lab.items import item_sets, write_suite
from mergealign.lab.recipe import RECIPES
from mergealign.lab.world import Size, World, build_world
from mergealign.record.evaluation import GroupInterval, Rate
from mergealign.record.study import Measures, Score


def pairs_of(world: World, size: Size, *, benign: bool, n: int = 300) -> list[Pair]:
    return draw_pairs(world, RECIPES[size].aligned.mix, n, benign=benign, seed=0)


@pytest.mark.parametrize("size", list(RECIPES))
def test_chosen_and_rejected_answer_the_same_request(size: Size) -> None:
    for pair in pairs_of(build_world(0, size), size, benign=True):
        refusal, other = (pair.chosen, pair.rejected) if pair.harmful else (pair.rejected, pair.chosen)
        assert refusal == f"{words.REFUSAL}<|end|><|endoftext|>"
        goal = other.removeprefix("Sure, here is how to ").partition(".")[0]
        assert goal in pair.request
        assert pair.prompt == f"<|user|>{pair.request}<|end|><|assistant|>"


def test_half_of_the_mixed_pairs_are_benign_and_no_request_occurs_twice() -> None:
    world = build_world(1, "small")
    mixed, harmful = (pairs_of(world, "small", benign=benign) for benign in (True, False))
    assert sum(p.harmful for p in mixed) == len(mixed) / 2
    assert all(p.harmful for p in harmful)
    assert len({p.request for p in mixed}) == len(mixed) == 300


@pytest.mark.parametrize("size", list(RECIPES))
def test_pairs_share_no_text_and_no_goal_with_evaluation_items(size: Size, tmp_path: Path) -> None:
    world = build_world(0, size)
    write_suite(tmp_path, 0, size)
    n_items = sum(len(items) for split in ("dev", "test") for items in item_sets(world, 0, split).values())
    assert 0 < require_held_out(pairs_of(world, size, benign=True), world, tmp_path / "data") <= n_items


def test_an_evaluation_item_among_the_pairs_is_found(tmp_path: Path) -> None:
    world = build_world(0, "small")
    write_suite(tmp_path, 0, "small")
    pairs = pairs_of(world, "small", benign=True)
    item = item_sets(world, 0, "dev")["harmful"][0]
    with pytest.raises(EvaluationError, match=rf"1 texts of evaluation items.*{item['id']}") as caught:
        require_held_out([*pairs, replace(pairs[0], request=item["prompt"])], world, tmp_path / "data")
    assert item["prompt"] not in str(caught.value)
    goal = world.novel.test[0].text
    with pytest.raises(EvaluationError, match=r"0 texts .* 1 held-out goals"):
        require_held_out([replace(pairs[0], request=f"In other words, {goal}!")], world, tmp_path / "data")
    (tmp_path / "empty").mkdir()
    with pytest.raises(EvaluationError, match="no evaluation items"):
        require_held_out(pairs, world, tmp_path / "empty")


SETTINGS = Settings(
    lab="small, seed 0",
    weights={"base": "b"},
    suite_digest="d",
    n_pairs=8,
    batch_size=4,
    seed=0,
    threads=1,
    limit=None,
    rates={"dpo": (1e-4,), "sft": (1e-3,)},
    versions={"trl": "1"},
)
COST = Cost(wall_s=2.0, cpu_s=1.5)
SCORE = Score(value=0.5, ci_low=0.25, ci_high=0.75, n=4, tasks=("t",))


def candidate(rate: float) -> Candidate:
    return Candidate(
        variant="dpo-full-mixed",
        learning_rate=rate,
        n_steps=2,
        final_loss=None,
        training=COST,
        evaluation=COST,
        measures=None,
    )


def row(name: str, **rates: dict[str, Rate]) -> Row:
    measures = Measures(knowledge=SCORE, safety=SCORE, incoherent=SCORE)
    return Row(
        name=name,
        how="lr 0.001",
        making=COST,
        choosing=COST + Cost(wall_s=1.0, cpu_s=None),
        choice=None,
        weights_digest=None,
        measures=measures,
        rates=rates,
    )


def test_results_go_on_behind_a_line_that_was_cut_off(tmp_path: Path) -> None:
    file = tmp_path / "out" / "results.jsonl"
    Results(file, SETTINGS).add(candidate(1e-4))
    with file.open("a") as cut:
        cut.write('{"kind":"candidate","vari')
    again = Results(file, SETTINGS)
    assert again.find(Candidate, lambda c: c.learning_rate == 1e-4) == candidate(1e-4)
    again.add(candidate(1e-3))
    assert Results(file, SETTINGS).lines == [SETTINGS, candidate(1e-4), candidate(1e-3)]


def test_results_under_other_settings_are_not_mixed(tmp_path: Path) -> None:
    file = tmp_path / "results.jsonl"
    Results(file, SETTINGS)
    with pytest.raises(OutputError, match="other settings"):
        Results(file, SETTINGS.model_copy(update={"n_pairs": 9}))
    file.write_text('{"kind":"rows"}\n')
    with pytest.raises(OutputError, match="no results of this version"):
        Results(file, SETTINGS)


def test_the_table_shows_intervals_by_group_and_leaves_out_what_nobody_has() -> None:
    plain = Rate(value=0.75, k=3, n=4, ci_low=0.3, ci_high=0.95)
    grouped = plain.model_copy(
        update={"by_group": GroupInterval(ci_low=0.2, ci_high=0.99, n_groups=2, n_eff=2.0, method="wilson")}
    )
    lines = as_markdown([row("a", domain={"acc": plain}), row("b", domain={"acc": grouped})]).splitlines()
    assert lines[0] == "| model | how | knowledge, choice (n 4) | incoherent | make | choose |"
    assert lines[2] == "| a | lr 0.001 | 75.0 [30–95] | 50.0 [25–75] | 1.5 (2.0) | – (3.0) |"
    assert "75.0 [20–99]" in lines[3]
