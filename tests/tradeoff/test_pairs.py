"""Answer files: what is read, and that mistakes are told by file and line, never by text."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from mergealign.errors import EvaluationError, UsageError
from mergealign.tradeoff.pairs import asked_answers, read_answers, require_use

from ..tiny_llama import write_jsonl

GOOD: list[dict[str, Any]] = [
    {"prompt": "Paint the lamp?", "answer": " Sure. ", "more": 1},
    {"prompt": "Hex the lamp?", "answer": "No."},
]


def test_pairs_and_digest(tmp_path: Path) -> None:
    a, b = write_jsonl(tmp_path / "a.jsonl", GOOD), write_jsonl(tmp_path / "b.jsonl", GOOD[:1])
    found = read_answers(a, b, 0.5)
    assert [(p.prompt, p.answer) for p in found.safety.pairs] == [
        ("Paint the lamp?", "Sure."),
        ("Hex the lamp?", "No."),
    ]
    assert found.safety.pairs[1].where == f"{a}:2"
    settings = found.settings
    assert (settings.safety.n, settings.expert.n, settings.alpha) == (2, 1, 0.5)
    assert settings.safety.digest != settings.expert.digest
    assert "lamp" not in repr(found) + settings.model_dump_json()


def test_all_mistakes_of_both_files_by_line_and_without_text(tmp_path: Path) -> None:
    a, b = tmp_path / "a.jsonl", write_jsonl(tmp_path / "b.jsonl", [])
    a.write_text(
        '{"prompt": "lamp", "answer": "yes"}\n{"question": "lamp", "answer": "yes"}\n'
        '{"prompt": "lamp", "answer": "  "}\n{"prompt": "lamp", "answer": 3}\n["lamp"]\n{"prompt": "lamp"\n'
    )
    with pytest.raises(EvaluationError) as caught:
        read_answers(a, b, 1.0)
    text = str(caught.value)
    for line, what in (
        (2, "'prompt' is missing (found: question, answer)"),
        (3, "'answer' must be a text that is not empty"),
        (4, "'answer' must be a text that is not empty"),
        (5, "expected an object"),
        (6, "not JSON"),
    ):
        assert f"{a}:{line}: {what}" in text
    assert f"{b} holds no answers" in text
    assert "lamp" not in text.replace(str(tmp_path), "")


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(EvaluationError, match=r"cannot read .*nowhere\.jsonl"):
        read_answers(tmp_path / "nowhere.jsonl", write_jsonl(tmp_path / "b.jsonl", GOOD), 1.0)


def test_options_that_do_not_fit_together() -> None:
    file = Path("answers.jsonl")
    assert asked_answers("generation", "corners", None, None, 1.0) is None
    for objective, start, safety, expert, message in (
        ("perplexity", "corners", None, None, "--objective perplexity is not known"),
        ("loss", "middle", file, file, "--start middle is not known"),
        ("loss", "corners", file, None, "--objective loss needs --expert-answers"),
        ("generation", "cocktail", None, file, "--start cocktail needs --safety-answers"),
    ):
        with pytest.raises(UsageError, match=message):
            asked_answers(objective, start, safety, expert, 1.0)


def test_options_that_would_be_ignored() -> None:
    require_use("loss", "cocktail", ["--safety-answers", "--alpha", "--finalists", "--temperature"])
    require_use("generation", "corners", ["--trials", "--seed"])
    with pytest.raises(UsageError) as refused:
        require_use("generation", "cocktail", ["--finalists", "--alpha"])
    assert str(refused.value) == "--finalists has no use here\n  → add --objective loss"
    with pytest.raises(UsageError) as refused:
        require_use("generation", "corners", ["--safety-answers", "--temperature"])
    assert "--safety-answers has no use here\n  → add --objective loss or --start cocktail" in str(refused.value)
    assert "--temperature has no use here\n  → add --start cocktail" in str(refused.value)
