"""Suites on real, tiny models: through the Python API and through the command."""

from __future__ import annotations

import contextlib
import json
import shutil
import stat
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from safetensors.torch import load_file, save_file

from mergealign.checkpoint.digest import weights_digest_of_folder
from mergealign.cli.evaluate import _named
from mergealign.cli.evaluate import evaluate as command
from mergealign.errors import EvaluationError, MergeAlignError, OutputError, UsageError
from mergealign.evaluate.answers import answers_file
from mergealign.evaluate.cache import Cache
from mergealign.evaluate.plan import plan
from mergealign.evaluate.run import evaluate, find_scores, score
from mergealign.models.causal_lm import CausalLM
from mergealign.recipe.suite import read_suite
from mergealign.record.evaluation import EvalRecord, read_eval_record, write_eval_record
from mergealign.tasks.exact_match import ExactMatch

from ..tiny_llama import PROMPTS, QUESTIONS, TEMPLATE, tiny_model, tiny_tokenizer
from .running import run, unclocked


@pytest.fixture(scope="module")
def found(place: Path) -> EvalRecord:
    return evaluate({"one": place / "one", "two": place / "two"}, read_suite(place / "suite.yml"))


def test_every_model_gets_every_score(found: EvalRecord) -> None:
    assert [m.name for m in found.models] == ["one", "two"]
    for model in found.models:
        assert {t.name: list(t.rates) for t in model.tasks} == {
            "domain": ["acc"],
            "domain_greedy": ["exact_match", "refusal_rate", "incoherent_rate"],
            "harmful": ["safe_rate", "refusal_rate", "harmful_rate", "incoherent_rate"],
            "benign": ["over_refusal_rate", "incoherent_rate"],
        }
        for task, n_groups in zip(model.tasks, (4, 4, 3, 3), strict=True):
            assert {r.by_group.n_groups for r in task.rates.values() if r.by_group} == {n_groups}


def test_identity_is_recorded(found: EvalRecord, place: Path) -> None:
    assert found.models[0].weights_digest == weights_digest_of_folder(place / "one")
    assert found.models[0].weights_digest != found.models[1].weights_digest
    assert found.models[0].files_digest == found.models[1].files_digest
    assert found.models[0].facts["dtype"] == "float32"
    assert {"mergealign", "torch", "transformers", "lm-eval"} <= set(found.versions)
    assert set(found.suite.data) == {"domain", "domain_greedy", "harmful", "benign"}
    assert found.suite.data["harmful"] == found.suite.data["benign"]


def test_items_are_kept_by_id_and_without_words(found: EvalRecord) -> None:
    tasks = {t.name: t for t in found.models[0].tasks}
    assert [i.id for i in tasks["domain"].items] == [q["id"] for q in QUESTIONS]
    assert [i.id for i in tasks["harmful"].items] == [p["id"] for p in PROMPTS]
    assert sum(i.correct or 0 for i in tasks["domain"].items) == tasks["domain"].rates["acc"].k
    text = found.model_dump_json()
    assert not any(str(p["prompt"]) in text for p in PROMPTS)
    assert not any(str(q["question"]) in text for q in QUESTIONS)


def test_a_second_run_says_the_same(found: EvalRecord, place: Path) -> None:
    again = evaluate({"two": place / "two"}, read_suite(place / "suite.yml"))
    for first, second in zip(found.models[1].tasks, again.models[0].tasks, strict=True):
        assert first.rates == second.rates
        assert first.items == second.items


def test_a_live_model_is_scored_as_its_folder_is(found: EvalRecord, place: Path) -> None:
    todo = plan(read_suite(place / "suite.yml"))
    model = CausalLM(tiny_model(seed=0), tiny_tokenizer(), chat_template=TEMPLATE)
    assert [t.rates for t in score(model, todo, seed=0)] == [t.rates for t in found.models[0].tasks]
    model.model.load_state_dict(tiny_model(seed=1).state_dict())
    assert [t.rates for t in score(model, todo, seed=0)] == [t.rates for t in found.models[1].tasks]


def test_scores_are_found_again_only_for_the_same_weights_and_questions(
    found: EvalRecord, place: Path, tmp_path: Path
) -> None:
    file, suite = tmp_path / "scores.json", read_suite(place / "suite.yml")
    models = {"one": place / "one", "two": place / "two"}
    assert find_scores(file, models, suite) is None
    write_eval_record(found, file)
    assert find_scores(file, models, suite) == found
    assert find_scores(file, {"one": place / "two", "two": place / "one"}, suite) is None
    assert find_scores(file, {"one": place / "one"}, suite) is None
    assert find_scores(file, models, suite, limit=3) is None
    assert find_scores(file, models, suite, seed=9) is None
    assert find_scores(file, models, suite, device="cuda:1") is None
    file.write_text("{}")
    assert find_scores(file, models, suite) is None


@pytest.mark.parametrize(
    ("name", "changed"),
    [
        ("generation_config.json", {"eos_token_id": 5}),
        ("config.json", {"dtype": "bfloat16"}),
        ("tokenizer_config.json", {"eos_token": "<|end|>"}),
        ("chat_template.jinja", {}),
        ("additional_chat_templates/tools.jinja", {}),
    ],
)
def test_scores_are_not_found_again_when_answers_would_change(
    found: EvalRecord, place: Path, tmp_path: Path, name: str, changed: dict[str, object]
) -> None:
    file, suite = tmp_path / "scores.json", read_suite(place / "suite.yml")
    write_eval_record(found, file)
    models = {"one": place / "one", "two": tmp_path / "two"}
    shutil.copytree(place / "two", models["two"])
    assert find_scores(file, models, suite) == found
    edited = models["two"] / name
    edited.parent.mkdir(exist_ok=True)
    edited.write_text(json.dumps((json.loads(edited.read_text()) if edited.exists() else {}) | changed))
    assert find_scores(file, models, suite) is None


def test_scores_are_not_found_again_for_another_version_of_a_task(
    found: EvalRecord, place: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file, suite = tmp_path / "scores.json", read_suite(place / "suite.yml")
    write_eval_record(found, file)
    monkeypatch.setattr(ExactMatch, "version", ExactMatch.version + 1)
    assert find_scores(file, {"one": place / "one", "two": place / "two"}, suite) is None


def test_progress_is_told_every_item(place: Path) -> None:
    told: dict[tuple[str, str], list[int]] = {}

    class Told:
        @contextlib.contextmanager
        def task(self, model: str, task: str, n_items: int) -> Iterator[Callable[[int], None]]:
            told[model, task] = [n_items, 0]

            def advance(n: int) -> None:
                told[model, task][1] += n

            yield advance

    evaluate({"one": place / "one"}, read_suite(place / "suite.yml"), limit=5, progress=Told())
    words = ("domain_greedy", "harmful", "benign")
    assert told == {("one", n): [5, 5] for n in ("domain", *words, *(f"{name} · refusal" for name in words))}


def test_all_that_is_wrong_is_said_before_a_model_is_loaded(place: Path, tmp_path: Path) -> None:
    shutil.copytree(place / "data", tmp_path / "data")
    shutil.copy(place / "suite.yml", tmp_path)
    shutil.copy(place / "chat_template.jinja", tmp_path)
    (tmp_path / "data/benign_test.jsonl").unlink()
    with (tmp_path / "data/domain_test.jsonl").open("a") as f:
        f.write("{}\n{\n")
    with pytest.raises(EvaluationError) as e:
        evaluate({"a": tmp_path / "nowhere"}, read_suite(tmp_path / "suite.yml"), limit=0)
    assert [p.what.split(str(tmp_path))[-1].split(": ")[0] for p in e.value.problems] == [
        "/nowhere does not exist",
        "limit must be at least 1, found 0",
        "/data/domain_test.jsonl:9",
        "/data/domain_test.jsonl:10",
        "/data/benign_test.jsonl",
    ]


def test_only_some_tasks(place: Path) -> None:
    suite = read_suite(place / "suite.yml")
    assert [t.spec.name for t in plan(suite, tasks=["benign", "domain"]).tasks] == ["domain", "benign"]
    with pytest.raises(EvaluationError, match=r"suite 'lab-test' has no task 'bening'\n  → did you mean 'benign'\?"):
        plan(suite, tasks=["domain", "bening"])


def test_the_smallest_limit_holds(place: Path) -> None:
    suite = replace(read_suite(place / "suite.yml"), limit=5)
    suite = replace(suite, tasks=(replace(suite.tasks[0], limit=3, max_new_tokens=9), *suite.tasks[1:]))
    assert [len(t.items) for t in plan(suite).tasks] == [3, 5, 5, 5]
    assert [len(t.items) for t in plan(suite, limit=4).tasks] == [3, 4, 4, 4]
    assert [t.max_new_tokens for t in plan(suite).tasks] == [9, 6, 6, 6]


def test_a_model_without_a_chat_template_is_told_before_anything_is_loaded(place: Path) -> None:
    suite = replace(read_suite(place / "suite.yml"), chat_template=None)
    with pytest.raises(EvaluationError, match="no chat template, which task 'domain' needs") as e:
        evaluate({"one": place / "one", "two": place / "two"}, suite)
    assert len(e.value.problems) == 2


def test_what_was_answered_is_not_asked_again_unless_a_weight_changes(place: Path, tmp_path: Path) -> None:
    suite = read_suite(place / "suite.yml")
    shutil.copytree(place / "one", tmp_path / "one")
    with Cache(tmp_path / "c.sqlite") as cache:

        def n_kept() -> int:
            return int(cache._db.execute("SELECT count(*) FROM replies").fetchone()[0])

        first = evaluate({"one": tmp_path / "one"}, suite, cache=cache)
        n_batches = n_kept()
        evaluate({"another name": tmp_path / "one"}, suite, cache=cache)
        assert n_kept() == n_batches
        tensors = load_file(tmp_path / "one/model.safetensors")
        tensors["model.norm.weight"][3] += 1e-3
        save_file(tensors, tmp_path / "one/model.safetensors", metadata={"format": "pt"})
        second = evaluate({"one": tmp_path / "one"}, suite, cache=cache)
        assert n_kept() == 2 * n_batches
    assert [i.score for i in first.models[0].tasks[0].items] != [i.score for i in second.models[0].tasks[0].items]


def test_a_full_disk_ends_a_run_and_loses_nothing(place: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    suite, models, file = read_suite(place / "suite.yml"), {"one": place / "one"}, tmp_path / "c.sqlite"
    put, kept = Cache.put, []

    def filling_up(self: Cache, key: bytes, reply: Any) -> None:
        if len(kept) == 5:
            self._db.execute("PRAGMA max_page_count = 1")  # no page beyond those that are there
            reply = [reply, "more than the pages hold" * 10_000]
        put(self, key, reply)
        kept.append(key)

    monkeypatch.setattr(Cache, "put", filling_up)
    with (
        Cache(file) as cache,
        pytest.raises(OutputError, match=r"disk is full\n  → make room and run the same command"),
    ):
        evaluate(models, suite, batch_size=1, cache=cache)
    monkeypatch.setattr(Cache, "put", put)
    with Cache(file) as cache:
        assert [cache.get(key) is not None for key in kept] == [True] * 5
        found = evaluate(models, suite, batch_size=1, cache=cache)
    assert unclocked(found) == unclocked(evaluate(models, suite, batch_size=1))


def test_answers_that_cannot_be_written(place: Path, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    suite = read_suite(place / "suite.yml")
    with pytest.raises(OutputError, match="cannot write"):
        evaluate({"one": place / "one"}, suite, tasks=["benign"], answers=tmp_path / "file" / "answers.jsonl")
    assert [answers_file(Path(out)).name for out in ("scores.json", "a/b.json")] == ["answers.jsonl", "b.answers.jsonl"]


def test_knowledge_is_the_mean_over_tasks(found: EvalRecord) -> None:
    for model in found.models:
        made = model.composites["knowledge"]
        rates = [t.rates[made.scores[t.name]].value or 0 for t in model.tasks if t.name in made.scores]
        assert made.scores == {"domain": "acc", "domain_greedy": "exact_match"}
        assert made.value == pytest.approx(sum(rates) / 2)
        assert made.ci_low <= made.value <= made.ci_high
        assert "general" not in model.composites


def test_no_model(place: Path) -> None:
    with pytest.raises(EvaluationError, match="no model"):
        evaluate({}, read_suite(place / "suite.yml"))


def test_command(place: Path, tmp_path: Path) -> None:
    out = tmp_path / "scores.json"
    arguments = (place / "one", f"other={place / 'two'}", "--suite", place / "suite.yml", "--out", out, "--limit", 4)
    result = run(*arguments)
    assert result.exit_code == 0, result.exception
    for expected in ("one", "other", "domain: accuracy", "harmful: safe", "benign: refused", "toy models"):
        assert expected in result.stdout
    assert result.stderr == ""
    record = read_eval_record(out)
    assert [m.name for m in record.models] == ["one", "other"]
    assert record.settings.limit == 4
    assert {t.rates["acc"].n for m in record.models for t in m.tasks if t.name == "domain"} == {4}

    answers = out.with_name("answers.jsonl")
    rows = [json.loads(line) for line in answers.read_text().splitlines()]
    assert [(r["model"], r["task"], r["id"]) for r in rows[:5]] == [
        *(("one", "domain_greedy", f"q{n}") for n in range(4)),
        ("one", "harmful", "p0"),
    ]
    assert stat.S_IMODE(answers.stat().st_mode) == 0o600
    assert not any(str(p["prompt"]) in answers.read_text() for p in (*PROMPTS,))
    assert {r["behavior"] for r in rows} <= {"refused", "complied", "incoherent"}

    kept = out.read_bytes()
    assert isinstance(run(*arguments).exception, OutputError)
    assert out.read_bytes() == kept
    out.rename(tmp_path / "moved.json")
    assert isinstance(run(*arguments).exception, OutputError)  # the answers are still there
    (tmp_path / "moved.json").rename(out)
    markdown = run(*arguments, "--overwrite", "--markdown").stdout
    assert "| knowledge | domain: accuracy | 4 |" in markdown
    result = run(*arguments, "--overwrite", "--json", "--seed", 3, "--threads", 1, "--batch-size", 2)
    assert EvalRecord.model_validate(json.loads(result.stdout)) == read_eval_record(out)
    assert read_eval_record(out).settings.seed == 3


def test_command_mistakes(place: Path, tmp_path: Path) -> None:
    ask = ("--suite", place / "suite.yml", "--out", tmp_path / "s.json")
    assert isinstance(run(place / "one", place / "two" / ".." / "one", *ask).exception, UsageError)
    assert isinstance(run(f"x={place / 'one'}", f"x={place / 'two'}", *ask).exception, UsageError)
    assert isinstance(run(tmp_path / "none", *ask).exception, MergeAlignError)
    assert run(place / "one", *ask, "--split", "train").exit_code == 2
    assert isinstance(run(place / "one", "--suite", place / "suite.yml").exception, UsageError)
    assert isinstance(run(place / "one", *ask, "--no-cache", "--cache", tmp_path / "c").exception, UsageError)
    unknown = run(place / "one", *ask, "--tasks", "domain,harmfull").exception
    assert "did you mean 'harmful'" in str(unknown)
    (tmp_path / "c").write_text("no database, and longer than the hundred bytes that a header takes " * 3)
    assert "delete the file" in str(run(place / "one", *ask, "--cache", tmp_path / "c").exception)
    for device, message in (("gpu", "there is no device 'gpu'"), ("cuda:77", "device 'cuda:77' is not available")):
        for more in ((), ("--dry-run",)):
            assert message in str(run(place / "one", *ask, "--device", device, *more).exception)
    nowhere = run("http://127.0.0.1:9/v1#m", *ask, "--no-cache").exception
    assert "does not answer" in str(nowhere)
    assert isinstance(run(place / "one", *ask, "--split", "dev").exception, EvaluationError)
    assert not (tmp_path / "s.json").exists()


def test_a_folder_with_an_equals_sign_in_its_name(place: Path, tmp_path: Path) -> None:
    (tmp_path / "w=0.9").symlink_to(place / "one")
    assert _named([str(tmp_path / "w=0.9")]) == {"one": tmp_path / "w=0.9"}
    assert _named([f"nine={tmp_path}/w=0.9", "a=b=c"]) == {"nine": tmp_path / "w=0.9", "a": Path("b=c")}


def test_interrupted_runs_leave_nothing_but_the_cache(
    place: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    reached: list[object] = []

    def interrupted(self: CausalLM, *_: object, **__: object) -> None:
        reached.append(self)
        raise KeyboardInterrupt

    monkeypatch.setattr(CausalLM, "generate", interrupted)
    with pytest.raises(KeyboardInterrupt):
        command([str(place / "one")], suite=str(place / "suite.yml"), out=tmp_path / "s.json")
    assert len(reached) == 1
    assert [f.name for f in tmp_path.iterdir()] == [".cache.sqlite"]
