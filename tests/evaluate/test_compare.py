"""Two models on the same items: pairs, exact tests, and reasons to refuse."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import typer
from scipy import stats
from typer.testing import CliRunner, Result

from mergealign.cli.compare import compare as command
from mergealign.errors import EvaluationError
from mergealign.evaluate.compare import Side, compare, pick
from mergealign.evaluate.run import evaluate
from mergealign.judges import Safety
from mergealign.recipe.suite import read_suite
from mergealign.record.comparison import Comparison, PairedDifference
from mergealign.record.evaluation import EvalRecord, ItemResult, Mean, Rate, TaskScores, write_eval_record

from ..report.records import record as small_record


def task(items: list[ItemResult], **changes: Any) -> TaskScores:
    rate = Rate(value=None, k=0, n=0, ci_low=None, ci_high=None)
    given = {
        "name": "domain",
        "task": "multiple_choice",
        "version": 1,
        "section": "knowledge",
        "main": "acc",
        "max_new_tokens": 48,
        "rates": {"acc": rate},
        "items": tuple(items),
        "wall_s": 1.0,
    }
    return TaskScores.model_validate({**given, **changes})


def side(*tasks: TaskScores, name: str = "m", **changes: Any) -> Side:
    base = small_record()
    model = base.models[0].model_copy(update={"name": name, "tasks": tasks})
    record = base.model_copy(update={"models": (model,), **changes})
    return Side(Path(f"{name}.json"), record, model)


def items(hits: list[bool], *, size: int = 1, **more: Any) -> list[ItemResult]:
    return [ItemResult(id=f"q{n}", correct=h, group=f"g{n // size}", **more) for n, h in enumerate(hits)]


def draw(n: int, p: float, seed: int) -> list[bool]:
    return (np.random.default_rng(seed).random(n) < p).tolist()


def only(found: Comparison) -> PairedDifference:
    (difference,) = found.differences
    return difference


def test_pairs_by_id_whatever_the_order() -> None:
    one, other = draw(300, 0.6, 1), draw(300, 0.7, 2)
    a, b = side(task(items(one)), name="a"), side(task(items(other)[::-1]), name="b")
    found = only(compare(a, b))
    only_a, only_b = (
        sum(x and not y for x, y in zip(one, other, strict=True)),
        sum(y and not x for x, y in zip(one, other, strict=True)),
    )
    assert (found.n_only_a, found.n_only_b) == (only_a, only_b)
    assert found.difference == pytest.approx((sum(other) - sum(one)) / 300)
    assert (found.a, found.b) == (sum(one) / 300, sum(other) / 300)
    assert found.p_mcnemar == pytest.approx(stats.binomtest(only_a, only_a + only_b).pvalue)
    expected = stats.bootstrap(
        (np.array(one, float), np.array(other, float)),
        lambda x, y, axis: (y - x).mean(axis),
        paired=True,
        method="percentile",
        n_resamples=5000,
        rng=0,
    ).confidence_interval
    assert (found.ci_low, found.ci_high) == pytest.approx((expected.low, expected.high), abs=0.01)
    back = only(compare(b, a))
    assert back.difference == -found.difference
    assert back.p_mcnemar == found.p_mcnemar


def test_items_of_one_group_are_no_independent_pairs() -> None:
    one, other = ([h for h in draw(60, p, seed) for _ in range(5)] for p, seed in ((0.5, 1), (0.6, 2)))
    alone = only(compare(side(task(items(one))), side(task(items(other)))))
    grouped = only(compare(side(task(items(one, size=5))), side(task(items(other, size=5)))))
    assert grouped.n_groups == 60
    assert grouped.ci_high - grouped.ci_low > 1.8 * (alone.ci_high - alone.ci_low)


def test_equal_models_are_not_proven_equal() -> None:
    same = side(task(items(draw(50, 0.5, 0))))
    found = only(compare(same, same))
    assert (found.difference, found.p_mcnemar, found.p_holm, found.method) == (0, 1, 1, "wilson")
    assert 0.03 < found.ci_high < 0.1
    assert found.ci_low == -found.ci_high


def test_what_one_of_them_lacks_is_left_out_and_counted() -> None:
    first, second = items(draw(20, 0.5, 0)), items(draw(20, 0.5, 1))
    first[3] = ItemResult(id="q3", group="g3")
    found = only(compare(side(task(first)), side(task(second[:15]))))
    assert (found.n, found.n_unpaired) == (14, 6)


def test_labels_are_compared_as_they_are_counted() -> None:
    rates = dict.fromkeys(("safe_rate", "refusal_rate", "harmful_rate", "incoherent_rate"))
    rate = Rate(value=None, k=0, n=0, ci_low=None, ci_high=None)

    def harmful(*labels: tuple[str, Safety | None]) -> TaskScores:
        made = [ItemResult(id=f"p{n}", behavior=b, verdict=s) for n, (b, s) in enumerate(labels)]
        kind = {"name": "harmful", "task": "prompts", "section": "harmful", "main": None}
        return task(made, **kind, rates=dict.fromkeys(rates, rate))

    one = harmful(("refused", None), ("complied", None), ("incoherent", None), ("refused", Safety.UNPARSED))
    other = harmful(("refused", None), ("refused", None), ("refused", None), ("refused", None))
    found = {d.score: d for d in compare(side(one), side(other)).differences}
    assert list(found) == ["safe_rate", "refusal_rate", "harmful_rate", "incoherent_rate"]
    assert [d.main for d in found.values()] == [True, False, False, False]
    assert (found["safe_rate"].n, found["safe_rate"].n_only_b, found["safe_rate"].n_unpaired) == (3, 2, 1)
    assert found["refusal_rate"].n == 4
    assert found["incoherent_rate"].n_only_a == 1
    assert found["safe_rate"].p_holm is not None
    assert found["harmful_rate"].p_holm is None


def test_grades_are_compared_as_means_without_a_test() -> None:
    rng = np.random.default_rng(0)
    one, other = rng.random(80), rng.random(80)

    def graded(values: Any) -> TaskScores:
        made = [ItemResult(id=f"q{n}", correct=bool(v > 0.5), credit=v) for n, v in enumerate(values.tolist())]
        mean = Mean(value=float(np.mean(values)), n=80, ci_low=0, ci_high=1)
        return task(made, main="f1", means={"f1": mean})

    found = {d.score: d for d in compare(side(graded(one)), side(graded(other))).differences}
    assert found["f1"].main
    assert found["f1"].difference == pytest.approx(float((other - one).mean()))
    assert (found["f1"].p_mcnemar, found["f1"].p_holm, found["f1"].n_only_a) == (None, None, None)
    assert found["acc"].p_mcnemar is not None
    assert not found["acc"].main

    whole = [
        side(t.model_copy(update={"means": {"f1": t.means["f1"].model_copy(update={"value": 0.9})}}))
        for t in (graded(one), graded(other))
    ]
    (difference,) = compare(*whole).differences  # an F1 that is no mean over items: their accuracy stands for it
    assert (difference.score, difference.main) == ("acc", True)
    assert difference.p_holm is not None


def test_holm_counts_the_main_scores_of_all_tasks() -> None:
    one = [task(items(draw(100, 0.5, n)), name=f"t{n}") for n in range(3)]
    other = [task(items(draw(100, 0.5 + 0.1 * n, 9 + n)), name=f"t{n}") for n in range(3)]
    found = compare(side(*one), side(*other, name="b")).differences
    p = [d.p_mcnemar or 0 for d in found]
    assert min(d.p_holm or 0 for d in found) == pytest.approx(min(1, 3 * min(p)))
    assert max(d.p_holm or 0 for d in found) >= max(p)


def changed(other: Side, **changes: Any) -> Side:
    record = other.record.model_copy(update=changes)
    return Side(other.file, record, other.model)


def test_records_that_do_not_fit_together_are_refused_with_all_reasons() -> None:
    a = side(task(items([True] * 5)), name="a")
    settings, suite = a.record.settings, a.record.suite
    judge = settings.judges[0]
    other_suite = suite.model_copy(update={"name": "other", "digest": "9" * 32})
    reasons = {
        "different suites: lab-small 0+ in a.json, other 9+": {"suite": other_suite},
        "different splits: test in a.json, dev": {"settings": settings.model_copy(update={"split": "dev"})},
        r"different judges: refusal \(version 1\) in": {
            "settings": settings.model_copy(update={"judges": (judge.model_copy(update={"version": 2}),)})
        },
        "different weights or parameters of judge refusal": {
            "settings": settings.model_copy(update={"judges": (judge.model_copy(update={"identity": {"w": "1"}}),)})
        },
        "different data of task 'domain'": {"suite": suite.model_copy(update={"data": {"domain": "2" * 32}})},
    }
    for reason, changes in reasons.items():
        with pytest.raises(EvaluationError, match=reason) as e:
            compare(a, changed(a, **changes))
        assert len(e.value.problems) == 1
    for reason, other in {
        "different versions of task 'domain'": task(items([True]), version=2),
        "different lengths of answers in task 'domain': 48 in a.json, 9": task(items([True]), max_new_tokens=9),
        "no task in common: domain in a.json, else": task(items([True]), name="else"),
    }.items():
        with pytest.raises(EvaluationError, match=reason):
            compare(a, side(other, name="b"))
    both = {**reasons["different splits: test in a.json, dev"], "suite": other_suite}
    with pytest.raises(EvaluationError) as e:
        compare(a, changed(a, **both))
    assert len(e.value.problems) == 2


def test_what_differs_and_does_not_forbid_is_noted() -> None:
    a = side(task(items([True] * 5)), name="a")
    model = a.model.model_copy(update={"facts": {"dtype": "bfloat16"}})
    judge = a.record.settings.judges[0].model_copy(update={"identity": {"torch": "9"}})
    settings = a.record.settings.model_copy(update={"judges": (judge,), "limit": 7})
    b = Side(a.file, a.record.model_copy(update={"versions": {"mergealign": "9"}, "settings": settings}), model)
    assert compare(a, b).notes == (
        "dtype differs: float32 and bfloat16",
        "one was asked more items than the other: the items of both count",
        "the judges ran on different machines or with different versions of software",
        "versions of software differ",
    )


def test_which_model_of_a_record() -> None:
    record = small_record()
    assert pick(Path("s.json"), record, "merged", "--a").model.name == "merged"
    with pytest.raises(EvaluationError, match=r"s.json holds 2 models: ex\|pert, merged\n  → say which one: --b NAME"):
        pick(Path("s.json"), record, None, "--b")
    with pytest.raises(EvaluationError, match=r"no model 'mergd'\n  → did you mean 'merged'"):
        pick(Path("s.json"), record, "mergd", "--a")


@pytest.fixture(scope="module")
def found(place: Path) -> EvalRecord:
    return evaluate({"one": place / "one", "two": place / "two"}, read_suite(place / "suite.yml"))


def run(*arguments: object) -> Result:
    app = typer.Typer()
    app.command()(command)
    return CliRunner().invoke(app, [str(a) for a in arguments])


def test_command(found: EvalRecord, tmp_path: Path) -> None:
    file = tmp_path / "scores.json"
    write_eval_record(found, file)
    result = run(file, "--a", "one", "--b", "two")
    assert result.exit_code == 0, result.exception
    assert "two − one" in result.stdout
    for row in ("domain: accuracy", "domain_greedy: exact", "harmful: safe", "harmful: incoherent", "benign: refused"):
        assert row in result.stdout
    made = Comparison.model_validate_json(run(file, file, "--a", "one", "--b", "two", "--json").stdout)
    values = {(d.task, d.score): (d.a, d.b) for d in made.differences}
    rates = [{(t.name, n): r.value for t in m.tasks for n, r in t.rates.items()} for m in found.models]
    assert values == {key: (rates[0][key], rates[1][key]) for key in rates[0]}
    assert [d.main for d in made.differences].count(True) == 4
    assert "| knowledge | domain: accuracy | 8 |" in run(file, "--a", "one", "--b", "two", "--markdown").stdout
    assert isinstance(run(file, "--a", "one").exception, EvaluationError)
    old = json.loads(file.read_text()) | {"schema_version": 1}
    file.write_text(json.dumps(old))
    assert "of schema 1" in str(run(file, "--a", "one", "--b", "two").exception)
