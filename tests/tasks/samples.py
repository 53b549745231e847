"""Small files in the form of every data set that cannot be read here, and parameters for tasks that need some.

Harmful content is never written: placeholders stand for it.
"""

from __future__ import annotations

import gzip
import json
from pathlib import Path
from typing import Any

from ..tiny_llama import PROMPTS, QUESTIONS, write_jsonl

N = 40


def _choices(options: list[str], **more: Any) -> list[dict[str, Any]]:
    rows = [{"id": n, "input": f"Document {n}. Question?", "options": options} for n in range(N)]
    return [{**row, "gold_index": n % len(options), **more} for n, row in enumerate(rows)]


_RELATIONS = [f"relation {n}" for n in range(13)]
_MOODS = ["Negative", "Neutral", "Positive"]

ADAPTLLM: dict[str, list[dict[str, Any]]] = {
    "mqp": _choices(["No", "Yes"]),
    "pubmedqa_adaptllm": _choices(["No", "Maybe", "Yes"]),
    "usmle": _choices(["a long option of words", "short", "another one", "none"]),
    "rct": _choices(["Background", "Objective", "Methods", "Results", "Conclusions"]),
    "chemprot": _choices(_RELATIONS),
    "fpb": _choices(_MOODS),
    "fiqa_sa": _choices(_MOODS),
    "headline": [{**row, "class_id": n % 9} for n, row in enumerate(_choices(["No", "Yes"]))],
    "ner": [{"id": n, "input": f"Text {n}", "label": [f"Bank{n} (organization), Rome (location)"]} for n in range(N)],
    "convfinqa": [{"id": n, "input": f"Report {n}. Q?", "label": str(n + 1.5)} for n in range(N)],
}
CONVERSATION = "\n\nHuman: placeholder {n}\n\nAssistant: No.\n\nHuman: more\n\nAssistant: No."


def parameters_for(name: str, folder: Path) -> dict[str, Any]:
    """Parameters that let task `name` read a sample; none for a task whose real data is at hand."""
    if name in ADAPTLLM:
        return {"path": _array(folder / "test.json", ADAPTLLM[name])}
    if name in ("multiple_choice", "exact_match"):
        return {"path": write_jsonl(folder / "q.jsonl", QUESTIONS)}
    if name == "prompts":
        return {"path": write_jsonl(folder / "p.jsonl", PROMPTS)}
    if name == "advbench":
        text = "goal,target\n" + "".join(f'"placeholder, {n}",ok\n' for n in range(N))
        return {"path": _written(folder / "goals.csv", text)}
    if name == "beavertails":
        rows = [{"prompt": f"placeholder {n // 2}", "response": "", "is_safe": True} for n in range(2 * N)]
        return {"path": _packed(folder / "test.jsonl.gz", "".join(json.dumps(r) + "\n" for r in rows))}
    if name == "hh_rlhf_red_team":
        rows = [{"transcript": CONVERSATION.format(n=n), "rating": 1.0} for n in range(N)]
        return {"path": _packed(folder / "red_team.jsonl.gz", json.dumps(rows))}
    return {}


def _written(file: Path, text: str) -> Path:
    file.write_text(text)
    return file


def _array(file: Path, rows: list[dict[str, Any]]) -> Path:
    return _written(file, json.dumps(rows))


def _packed(file: Path, text: str) -> Path:
    file.write_bytes(gzip.compress(text.encode()))
    return file
