"""Suite files: what is understood, and every way to get one wrong."""

from __future__ import annotations

from pathlib import Path

import pytest

from mergealign.errors import RecipeError
from mergealign.recipe.suite import read_suite

from ..tiny_llama import SUITE, TEMPLATE, write_suite


def test_a_suite_is_read(tmp_path: Path) -> None:
    suite = read_suite(write_suite(tmp_path))
    assert (suite.name, suite.seed, suite.max_new_tokens, suite.judge) == ("lab-test", 0, 6, "refusal")
    assert suite.chat_template == TEMPLATE
    assert [(t.section, t.task, t.name) for t in suite.tasks] == [
        ("knowledge", "multiple_choice", "domain"),
        ("knowledge", "exact_match", "domain_greedy"),
        ("harmful", "prompts", "harmful"),
        ("benign", "prompts", "benign"),
    ]
    task = suite.tasks[0].for_split("dev")
    assert task.parameters == {"path": tmp_path / "data/domain_dev.jsonl"}


def test_defaults(tmp_path: Path) -> None:
    file = tmp_path / "suite.yml"
    file.write_text("schema_version: 1\nname: x\nharmful: [{task: prompts, name: a, path: /abs/a.jsonl}]\n")
    suite = read_suite(file)
    assert (suite.chat_template, suite.judge, suite.seed, suite.max_new_tokens) == (None, "refusal", 0, 48)
    assert suite.tasks[0].parameters["path"] == Path("/abs/a.jsonl")


def test_the_digest_follows_suite_and_template(tmp_path: Path) -> None:
    file = write_suite(tmp_path)
    first = read_suite(file).digest
    assert read_suite(file).digest == first
    (tmp_path / "chat_template.jinja").write_text(TEMPLATE + " ")
    second = read_suite(file).digest
    file.write_text(SUITE + "# changed\n")
    assert len({first, second, read_suite(file).digest}) == 3


@pytest.mark.parametrize(
    ("old", "new", "what", "cure"),
    [
        ("judge: refusal", "jugde: refusal", "unknown key", "did you mean 'judge'?"),
        ("judge: refusal", "judge: refusel", "unknown judge 'refusel'", "did you mean 'refusal'?"),
        ("task: exact_match", "task: exact_mach", "unknown task 'exact_mach'", "did you mean 'exact_match'?"),
        ("name: domain_greedy, path", "name: domain_greedy, paht", "unknown key", "did you mean 'path'?"),
        ("name: domain_greedy", "name: domain", "the name 'domain' occurs twice", "its own name"),
        ("name: benign,", "name: domain,", "the name 'domain' occurs twice", "its own name"),
        ("task: exact_match", "task: prompts", "does not belong under 'knowledge'", "benign or harmful"),
        ("chat_template.jinja", "nowhere.jinja", "cannot read the chat template", ""),
        ("seed: 0", "seed: -1", "greater than or equal to 0", "-1"),
        ("max_new_tokens: 6", "max_new_tokens: 0", "greater than or equal to 1", "0"),
        ("schema_version: 1", "schema_version: 2", "should be 1", "2"),
        ("name: harmful,", 'name: "a b",', "should match pattern", "a b"),
        ("name: lab-test\n", "", "missing", "add this key"),
    ],
)
def test_mistakes(tmp_path: Path, old: str, new: str, what: str, cure: str) -> None:
    file = write_suite(tmp_path)
    assert old in SUITE
    file.write_text(SUITE.replace(old, new, 1))
    with pytest.raises(RecipeError) as e:
        read_suite(file)
    assert any(what in p.what and cure in p.cure for p in e.value.problems), e.value


def test_all_mistakes_at_once(tmp_path: Path) -> None:
    file = write_suite(tmp_path)
    text = SUITE.replace("judge: refusal", "judge: nobody").replace("task: exact_match", "task: nothing")
    file.write_text(text.replace("chat_template.jinja", "nowhere.jinja"))
    with pytest.raises(RecipeError) as e:
        read_suite(file)
    assert len(e.value.problems) == 3


def test_a_suite_without_tasks_and_no_code(tmp_path: Path) -> None:
    file = tmp_path / "suite.yml"
    file.write_text("schema_version: 1\nname: x\n")
    with pytest.raises(RecipeError, match="names no task"):
        read_suite(file)
    file.write_text("schema_version: 1\nname: !function os.system\n")
    with pytest.raises(RecipeError):
        read_suite(file)
