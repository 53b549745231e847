"""Suite files: what is understood, and every way to get one wrong."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from mergealign.errors import RecipeError
from mergealign.recipe.find_suite import find_suite, shipped_suites
from mergealign.recipe.suite import Suite, SuiteJudge, read_suite
from mergealign.registry import Registry
from mergealign.tasks import TASKS

from ..tiny_llama import SUITE, TEMPLATE, write_suite

ROOT = Path(__file__).parents[2]


def test_a_suite_is_read(tmp_path: Path) -> None:
    suite = read_suite(write_suite(tmp_path))
    assert (suite.name, suite.seed, suite.max_new_tokens, suite.limit) == ("lab-test", 0, 6, None)
    assert suite.judges == (SuiteJudge("refusal", "refusal", {}),)
    assert suite.chat_template == TEMPLATE
    assert [(t.section, t.task, t.name) for t in suite.tasks] == [
        ("knowledge", "multiple_choice", "domain"),
        ("knowledge", "exact_match", "domain_greedy"),
        ("harmful", "prompts", "harmful"),
        ("benign", "prompts", "benign"),
    ]
    task = suite.tasks[0].for_split("dev")
    assert task.parameters == {"path": tmp_path / "data/domain_dev.jsonl"}
    assert (task.limit, task.max_new_tokens) == (None, None)


def test_defaults(tmp_path: Path) -> None:
    file = tmp_path / "suite.yml"
    file.write_text("schema_version: 1\nname: x\nharmful: [{task: prompts, name: a, path: /abs/a.jsonl}]\n")
    suite = read_suite(file)
    assert (suite.chat_template, suite.seed, suite.max_new_tokens, suite.limit) == (None, 0, 48, None)
    assert suite.judges == (SuiteJudge("refusal", "refusal", {}),)
    assert suite.tasks[0].parameters["path"] == Path("/abs/a.jsonl")


def from_text(folder: Path, text: str) -> Suite:
    file = folder / "suite.yml"
    file.write_text(f"schema_version: 1\nname: x\n{text}")
    return read_suite(file)


TASK = "harmful: [{task: prompts, path: a.jsonl}]\n"


def test_limits_and_lengths(tmp_path: Path) -> None:
    line = "{task: prompts, path: a.jsonl, limit: 3, max_new_tokens: 9}"
    suite = from_text(tmp_path, f"limit: 20\nharmful: [{line}, {{task: prompts, name: b, path: b.jsonl}}]\n")
    assert suite.limit == 20
    first, second = suite.tasks
    assert (first.name, first.limit, first.max_new_tokens) == ("prompts", 3, 9), "the name is the task's by default"
    assert (second.limit, second.max_new_tokens) == (None, None)
    assert set(first.parameters) == {"path", "column", "id_column", "goal_column"}


def test_the_split_is_a_parameter_where_a_task_has_one(tmp_path: Path) -> None:
    suite = from_text(tmp_path, "knowledge: [{task: pubmedqa}, {task: medqa, split: test}]\n")
    open_, pinned = suite.tasks
    assert open_.for_split("dev").parameters["split"] == "dev"
    assert open_.for_split("test").parameters["split"] == "test"
    assert pinned.for_split("dev").parameters["split"] == "test"


@dataclass(frozen=True, kw_only=True)
class Guard:
    """A judge with parameters."""

    model: str
    template: Path | None = None
    threshold: float = 0.5


@pytest.fixture
def guard(monkeypatch: pytest.MonkeyPatch) -> None:
    """A judge called `guard` beside the real ones."""
    find = Registry.get

    def get(self: Registry, name: str) -> Any:
        return Guard if (self.kind, name) == ("judge", "guard") else find(self, name)

    monkeypatch.setattr(Registry, "get", get)


@pytest.mark.usefixtures("guard")
def test_judges_with_parameters(tmp_path: Path) -> None:
    (tmp_path / "weights").mkdir()
    lines = "[refusal, {judge: guard, model: weights, template: t.txt}, {judge: guard, name: far, model: org/name}]"
    refusal, near, far = from_text(tmp_path, f"judges: {lines}\n{TASK}").judges
    assert refusal == SuiteJudge("refusal", "refusal", {})
    expected = {"model": str(tmp_path / "weights"), "template": tmp_path / "t.txt", "threshold": 0.5}
    assert near == SuiteJudge("guard", "guard", expected)
    assert far == SuiteJudge("far", "guard", {"model": "org/name", "template": None, "threshold": 0.5})


@pytest.mark.usefixtures("guard")
@pytest.mark.parametrize(
    ("judges", "what", "cure"),
    [
        ("judges: [refusel]", "unknown judge 'refusel'", "did you mean 'refusal'?"),
        ("judges: []", "at least 1 item", ""),
        ("judges: [{jugde: refusal}]", "judges.0.judge: missing", ""),
        ("judges: [{judge: guard, model: a, treshold: 1}]", "judges.0: treshold: unknown key", "did you mean 'thresh"),
        ("judges: [{judge: guard}]", "judges.0: model: missing", ""),
        ("judges: [refusal, {judge: refusal}]", "judges.1: the name 'refusal' occurs twice", "its own name"),
        ("judges: [refusal]\njudge: refusal", "both 'judge' and 'judges'", "keep 'judges'"),
        ("judges: [3]", "judges.0", ""),
        ("limit: 0", "limit", "0"),
    ],
)
def test_mistakes_in_judges(tmp_path: Path, judges: str, what: str, cure: str) -> None:
    with pytest.raises(RecipeError) as e:
        from_text(tmp_path, f"{judges}\n{TASK}")
    assert any(what in p.what and cure in p.cure for p in e.value.problems), e.value


@pytest.mark.parametrize(
    ("text", "at"),
    [
        ("chat_template: !function os.system", "3:16"),
        ("harmful: [{task: prompts, path: !!python/name:os.system a}]", "3:33"),
        ("seed: !!int '0'", "3:7"),
        ("harmful: !include other.yml", "3:10"),
    ],
)
def test_tags_are_refused(tmp_path: Path, text: str, at: str) -> None:
    with pytest.raises(RecipeError, match=rf"suite.yml:{at}: YAML tags such as !function are refused"):
        from_text(tmp_path, text)


def test_the_halves_of_xstest_have_their_sections(tmp_path: Path) -> None:
    from_text(tmp_path, "benign: [{task: xstest}]\nharmful: [{task: xstest, name: contrast, half: contrast}]\n")
    with pytest.raises(RecipeError, match="does not belong under 'benign'\n  → put it under harmful"):
        from_text(tmp_path, "benign: [{task: xstest, half: contrast}]\n")


@pytest.mark.parametrize("name", shipped_suites())
def test_shipped_suites(name: str) -> None:
    """Every one is understood, and its tasks can be made for both splits."""
    suite = read_suite(find_suite(name))
    assert suite.name == name
    for line in suite.tasks:
        for split in ("dev", "test"):
            task = TASKS.get(line.task)(**line.for_split(split).parameters)
            assert line.section in task.sections_for(line.parameters)
    assert set(shipped_suites()) == {
        *("medicine", "finance", "general", "safety-core", "mergealign-medicine", "mergealign-finance")
    }


def test_the_suite_in_the_docs(tmp_path: Path) -> None:
    (text,) = re.findall(r"```yaml\n(.*?)```", (ROOT / "docs/tasks.md").read_text(), re.DOTALL)
    (tmp_path / "chat_template.jinja").write_text(TEMPLATE)
    (tmp_path / "suite.yml").write_text(text)
    suite = read_suite(tmp_path / "suite.yml")
    assert [j.name for j in suite.judges] == ["refusal", "guard"]
    assert len(suite.tasks) == 5


def test_suites_are_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = write_suite(tmp_path / "lab")
    assert find_suite(file) == file
    assert find_suite(tmp_path / "lab") == file
    monkeypatch.chdir(tmp_path)
    assert find_suite("lab") == Path("lab/suite.yml")
    (tmp_path / "medicine").write_text("")
    assert find_suite("medicine") == shipped_suites()["medicine"]
    assert find_suite("./medicine") == Path("medicine")
    for name, message in {
        "medicin": "unknown suite 'medicin'\n  → did you mean 'medicine'",
        "no.yml": "no such suite file",
        "no/medicine": "no such suite file",
    }.items():
        with pytest.raises(RecipeError, match=message):
            find_suite(name)
    (tmp_path / "lab/suite.yml").unlink()
    with pytest.raises(RecipeError, match=r"no lab in \./lab\n  → mergealign lab build"):
        find_suite("lab")


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
