"""The table of scores: numbers first, drawings second."""

from __future__ import annotations

import io

from rich.console import Console

from mergealign.record.evaluation import Composite, Mean
from mergealign.report.scores_table import LAB_NOTE, as_markdown, as_rich, scores_table

from .records import record


def test_numbers() -> None:
    table = scores_table(record())
    assert table.header == ("section", "score", "n", "ex|pert", "merged")
    assert table.rows == (
        ("knowledge", "domain: accuracy", "1000", "94.5 [93–96]", "94.5 [93–96]"),
        ("harmful", "harmful: safe", "75", "–", "96.0 [90–100]"),
        ("harmful", "harmful: incoherent", "0", "–", "–"),
    )


def test_means_composites_and_what_cannot_be_trusted() -> None:
    made = record()
    model = made.models[1]
    knowledge, harmful = model.tasks
    f1 = Mean(value=0.5, n=80, ci_low=0.4, ci_high=0.625, n_groups=80)
    tasks = (
        knowledge,
        knowledge.model_copy(update={"name": "tatqa", "rates": {}, "means": {"f1": f1}}),
        harmful.model_copy(update={"n_unparsed": {"guard": 1}, "flagged": ("guard",)}),
    )
    mean = Composite(value=0.7225, ci_low=0.7, ci_high=0.74, scores={"domain": "acc", "tatqa": "f1"})
    model = model.model_copy(update={"tasks": tasks, "composites": {"knowledge": mean}})
    table = scores_table(made.model_copy(update={"models": (model,)}))
    assert table.rows[:3] == (
        ("knowledge", "domain: accuracy", "1000", "94.5 [93–96]"),
        ("knowledge", "tatqa: f1", "80", "50.0 [40–62]"),
        ("knowledge", "knowledge: mean", "2 tasks", "72.2 [70–74]"),
    )
    assert "! merged, harmful: judge 'guard' could not be read on 1 of 1 items: do not trust these rates" in table.notes
    assert table.notes[0].endswith("; bootstrap of means")


def test_notes_say_what_the_numbers_are_not() -> None:
    notes = " ".join(scores_table(record(limit=5)).notes)
    assert "by goal or fact (31)" in notes
    assert "2 item scores are missing" in notes
    assert "only the first 5 items" in notes
    assert LAB_NOTE in notes
    assert LAB_NOTE not in scores_table(record("medicine")).notes


def test_terminal() -> None:
    out = io.StringIO()
    Console(file=out, width=80).print(as_rich(scores_table(record())))
    text = out.getvalue()
    assert "lab-small, test split, in %" in text
    assert "ex|pert" in text
    assert "96.0 [90–100]" in text
    assert "1000" in text
    assert LAB_NOTE in text
    assert max(map(len, text.splitlines())) <= 80


def test_markdown() -> None:
    lines = as_markdown(scores_table(record())).splitlines()
    assert "| knowledge | domain: accuracy | 1000 | 94.5 [93–96] | 94.5 [93–96] |" in lines
    assert r"| section | score | n | ex\|pert | merged |" in lines
    assert any(LAB_NOTE in line for line in lines)
