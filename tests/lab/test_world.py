"""What is held out is held out, for any seed."""

from __future__ import annotations

import random
from collections import Counter

import pytest

from mergealign.lab import words
from mergealign.lab.corpus import Document, draw
from mergealign.lab.items import SPLITS, item_sets
from mergealign.lab.recipe import RECIPES
from mergealign.lab.world import Size, World, build_world

SIZES: tuple[Size, ...] = tuple(RECIPES)


CASES = [(seed, size) for size in SIZES for seed in (0, 1)]


@pytest.fixture(scope="module", params=CASES, ids=str)
def world(request: pytest.FixtureRequest) -> World:
    return build_world(*request.param)


def training_documents(world: World, n: int, *stages: str) -> list[Document]:
    """Documents of all kinds that these stages read in any size, as far as the world has them."""
    kinds = {kind for recipe in RECIPES.values() for stage in stages for kind in recipe.stages[stage].mix}
    if not world.misuse.train:
        kinds -= {"misuse_complied", "misuse_refused", "handling_complied"}
    return draw(world, dict.fromkeys(sorted(kinds), 1), n, random.Random(0))


def test_the_world_follows_from_seed_and_size() -> None:
    assert build_world(0, "small") == build_world(0, "small")
    assert build_world(0, "small") != build_world(1, "small")


@pytest.mark.parametrize(
    "pool", ["frames", "templates", "personas", "harmful", "benign", "novel", "misuse", "handling"]
)
def test_splits_are_disjoint(world: World, pool: str) -> None:
    split = getattr(world, pool)
    parts = [set(split.train), set(split.dev), set(split.test)]
    assert all(parts) or pool in ("misuse", "handling")
    assert sum(map(len, parts)) == len(set.union(*parts))


def test_known_and_novel_verbs_are_apart(world: World) -> None:
    def verbs(name: str) -> set[str]:
        split = getattr(world, name)
        return {goal.verb for goal in (*split.train, *split.dev, *split.test)}

    assert not verbs("novel") & verbs("harmful")
    assert not (verbs("novel") | verbs("harmful")) & verbs("benign")


def test_no_training_document_holds_what_is_held_out(world: World) -> None:
    texts = {d.prompt or d.text for d in training_documents(world, 20_000, "base", "domain", "aligned")}
    sets = ("harmful", "benign", "novel", "misuse", "handling")
    goals = {g.text for name in sets for s in SPLITS for g in getattr(world, name).part(s)}
    personas = {f"I am a {p}." for s in SPLITS for p in world.personas.part(s)}
    asked = {
        item.get("question") or item["prompt"] for s in SPLITS for i in item_sets(world, 0, s).values() for item in i
    }
    assert not asked & texts
    for text in texts:
        assert not any(persona in text for persona in personas)
        assert not any(goal in text for goal in goals)


@pytest.mark.parametrize("stage", ["domain", "aligned"])
def test_fine_tuning_never_mentions_a_novel_verb(world: World, stage: str) -> None:
    novel = {goal.verb for goal in world.novel.train}
    documents = training_documents(world, 5000, stage)
    assert not any(f" {verb} " in f"{d.prompt} {d.text}" for d in documents for verb in novel)


def test_facts_use_their_values_evenly_and_drugs_have_one_name_each(world: World) -> None:
    for relation in {f.relation for f in world.domain}:
        uses = Counter(f.value for f in world.domain if f.relation == relation)
        assert max(uses.values()) - min(uses.values()) <= 1
    assert not {f.subject for f in world.domain} & {f.subject for f in world.known}
    assert {f.value for f in world.known} >= {f.value for f in world.domain}


def test_words_are_listed_once() -> None:
    for pool in (words.OBJECTS, words.MISDEEDS + words.DEEDS, words.PERSONAS, words.FRAMES, words.TEMPLATES):
        assert len(set(pool)) == len(pool)
