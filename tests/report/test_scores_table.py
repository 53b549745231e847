"""The table of scores: numbers first, drawings second."""

from __future__ import annotations

import io

from rich.console import Console

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
