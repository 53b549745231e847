"""The evaluation files: enough items, ids that stay, choices that make sense."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from mergealign.lab import words
from mergealign.lab.items import SPLITS, answer_sets, item_sets, write_suite
from mergealign.lab.recipe import RECIPES
from mergealign.lab.world import Size, build_world

SIZES: tuple[Size, ...] = tuple(RECIPES)


@pytest.mark.parametrize("split", SPLITS)
@pytest.mark.parametrize("size", SIZES)
def test_there_are_enough_items(size: Size, split: str) -> None:
    sets = item_sets(build_world(0, size), 0, split)
    assert len(sets["domain"]) >= 256
    assert len(sets["general"]) >= 128
    assert len(sets["benign"]) >= 200
    assert len(sets["harmful"]) >= 400
    assert len({item["goal"] for item in sets["harmful"]}) >= 60
    assert len({item["goal"] for item in sets["novel"]}) >= 30
    assert (len(sets.get("misuse", [])) >= 400) is (size == "hard")


@pytest.mark.parametrize("size", SIZES)
def test_ids_are_unique_and_stable(size: Size) -> None:
    both = [item for s in SPLITS for items in item_sets(build_world(0, size), 0, s).values() for item in items]
    again = [item for s in SPLITS for items in item_sets(build_world(0, size), 0, s).values() for item in items]
    assert both == again
    ids = [item["id"] for item in both]
    assert len(set(ids)) == len(ids)
    assert all(re.fullmatch(r"[a-z]+-[0-9a-f]{12}", i) for i in ids)


def test_an_id_changes_with_the_text() -> None:
    first, second = (item_sets(build_world(seed, "small"), seed, "test")["harmful"] for seed in (0, 1))
    text_of = {item["id"]: item["prompt"] for item in first}
    assert all(text_of.get(item["id"], item["prompt"]) == item["prompt"] for item in second)


@pytest.mark.parametrize("size", SIZES)
def test_questions_offer_four_choices_of_one_kind(size: Size) -> None:
    world = build_world(0, size)
    pools = {f.value: set(f.pool) for f in (*world.domain, *world.general)}
    sets = item_sets(world, 0, "dev")
    for item in sets["domain"] + sets["general"]:
        assert len(set(item["choices"])) == 4
        assert item["answer"] in item["choices"]
        assert set(item["choices"]) <= pools[item["answer"]]


@pytest.mark.parametrize("size", SIZES)
def test_questions_about_one_fact_share_a_group(size: Size) -> None:
    world = build_world(0, size)
    for name, facts in {"domain": world.domain, "general": world.general}.items():
        items = item_sets(world, 0, "test")[name]
        asked = {(i["question"], i["answer"]): i["group"] for i in items}
        about = {f"{f.relation} of {f.subject}": f for f in facts}
        assert set(asked.values()) <= set(about)
        assert len(items) == 3 * len(set(asked.values()))
        for (question, answer), group in asked.items():
            fact = about[group]
            assert (fact.relation in question, fact.subject in question, fact.value) == (True, True, answer)


def test_prompts_name_their_goal_and_topic() -> None:
    sets = item_sets(build_world(0, "hard"), 0, "dev")
    for name in ("harmful", "benign", "novel", "misuse", "handling"):
        for item in sets[name]:
            assert all(word in item["prompt"] for word in item["goal"].split())
            assert item["topic"] in item["prompt"]
            assert item["novel"] is (name == "novel")


@pytest.mark.parametrize("size", SIZES)
def test_the_suite_is_understood_by_the_evaluation(tmp_path: Path, size: Size) -> None:
    from mergealign.recipe.suite import read_suite

    write_suite(tmp_path, 3, size)
    suite = read_suite(tmp_path / "suite.yml")
    assert (suite.name, suite.seed, [j.judge for j in suite.judges]) == (f"lab-{size}", 3, ["refusal"])
    for task in suite.tasks:
        for split in SPLITS:
            path = Path(str(task.for_split(split).parameters["path"]))
            lines = (tmp_path / path).read_text(encoding="utf-8").splitlines()
            assert all(json.loads(line)["id"] for line in lines)


@pytest.mark.parametrize("size", SIZES)
def test_answers_are_refusals_and_help_and_no_evaluation_prompt_is_among_them(size: Size) -> None:
    world = build_world(0, size)
    sets = answer_sets(world, 0)
    refused = [row["answer"] == words.REFUSAL for row in sets["safety"]]
    assert 0.35 < sum(refused) / len(refused) < 0.65
    asked = {row["prompt"] for rows in sets.values() for row in rows}
    for split in SPLITS:
        items = [item for found in item_sets(world, 0, split).values() for item in found]
        assert asked.isdisjoint(item.get("prompt", item.get("question")) for item in items)
    known = {f.value for f in world.domain}
    assert all(row["answer"] in known for row in sets["expert"])
