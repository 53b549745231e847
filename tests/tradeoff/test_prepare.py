"""What is checked and said before a model is loaded."""

from __future__ import annotations

import json
import shutil
from dataclasses import replace
from pathlib import Path

import pytest

from mergealign.errors import EvaluationError, IncompatibleError, RecipeError, UsageError
from mergealign.recipe.suite import read_suite
from mergealign.tradeoff.pairs import read_answers
from mergealign.tradeoff.prepare import Wish, _available_bytes, prepare
from mergealign.tradeoff.rules import compared, searched

from ..tiny_llama import tiny_tokenizer
from .conftest import Family

RULE = searched("mergealign", [], [])


def wish(family: Family, **changes: object) -> Wish:
    models = {role: str(folder) for role, folder in family.folders.items()}
    found = Wish(models=models, suite=read_suite(family.suite), rule=RULE, allow_unrelated=True)
    return replace(found, **changes)  # type: ignore[arg-type]


def with_suite(family: Family, tmp_path: Path, **sections: object) -> Family:
    shutil.copytree(family.suite.parent, tmp_path / "suite", ignore=shutil.ignore_patterns("base", "domain", "aligned"))
    shutil.copytree(family.suite.parent / "data", tmp_path / "suite" / "data", dirs_exist_ok=True)
    content = {"schema_version": 1, "name": "s", "chat_template": "chat_template.jinja", **sections}
    (tmp_path / "suite" / "s.yml").write_text(json.dumps(content))
    return Family(family.folders, tmp_path / "suite" / "s.yml")


KNOWS = {"task": "multiple_choice", "name": "domain", "path": "data/domain_{split}.jsonl"}
HARMFUL = {"task": "prompts", "name": "harmful", "path": "data/harmful_{split}.jsonl"}


def test_a_sound_wish(tiny: Family) -> None:
    found = prepare(wish(tiny))
    assert found.shared_data == ()
    assert not found.notes or all("same data" not in n and "no benign" not in n for n in found.notes)
    assert [d.name for d in found.space.dimensions] == ["domain_weight", "alignment_weight"]
    assert found.sampler.name == "gp"
    assert {t.data_digest for t in found.development.tasks}.isdisjoint(t.data_digest for t in found.test.tasks)


def test_same_data_in_both_splits_is_said(tiny: Family, tmp_path: Path) -> None:
    same = {**HARMFUL, "path": "data/harmful_test.jsonl"}
    found = prepare(wish(with_suite(tiny, tmp_path, knowledge=[KNOWS], harmful=[same])))
    assert found.shared_data == ("harmful",)
    assert any("items of harmful are the same data" in note for note in found.notes)
    assert any("no benign prompts" in note for note in found.notes)


def test_without_a_trade_off_there_is_no_search(tiny: Family, tmp_path: Path) -> None:
    with pytest.raises(RecipeError, match="has no tasks under knowledge"):
        prepare(wish(with_suite(tiny, tmp_path, harmful=[HARMFUL])))


def test_methods_to_compare_with_are_checked_at_once(tiny: Family) -> None:
    wrong = (*compared("linear"), replace(compared("linear")[0], fixed={"wait": 1}))
    with pytest.raises(EvaluationError, match=r"--compare linear: .*'wait'"):
        prepare(wish(tiny, compare=wrong))


def test_losses_need_answers_and_a_cocktail_both_weights(tiny: Family) -> None:
    with pytest.raises(UsageError, match="a loss is taken on given answers, and none are given"):
        prepare(wish(tiny, objective="loss"))
    one = searched("mergealign", ["domain_weight=1"], [])
    with pytest.raises(UsageError) as caught:
        prepare(wish(tiny, cocktail_temperature=1.0, rule=one))
    assert "none are given" in str(caught.value)
    assert "LM-Cocktail gives weights of expert and aligned model" in str(caught.value)


def test_answers_are_encoded_as_the_merged_model_reads_them(tiny: Family) -> None:
    found = prepare(wish(tiny, answers=read_answers(tiny.safety_answers, tiny.expert_answers, 0.3))).answers
    assert found is not None
    assert (len(found.safety), len(found.expert), found.alpha) == (6, 8, 0.3)
    tokenizer = tiny_tokenizer()
    assert tokenizer.decode(found.safety[0].ids).startswith("<|user|>")
    assert tokenizer.decode(found.safety[0].ids[-found.safety[0].n_answer :]).strip() == "No."


def test_models_that_do_not_belong_together_are_refused(tiny: Family) -> None:
    with pytest.raises(IncompatibleError):
        prepare(wish(tiny, allow_unrelated=False, models={**wish(tiny).models, "domain": str(tiny.folders["base"])}))


def test_memory_that_the_page_cache_could_have() -> None:
    assert _available_bytes(lambda: "MemTotal: 10 kB\nMemAvailable:    7 kB\n") == 7 * 1024
    assert _available_bytes(lambda: "nothing") is None
