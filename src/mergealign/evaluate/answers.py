"""The words of models, for people to look at: `answers.jsonl` beside the record, readable by its owner alone.

    {"model", "task", "id", "answer", "finished", "behavior", "verdict"}

Prompts are not in it: their ids are. Answers to harmful prompts may be harmful themselves.
"""

from __future__ import annotations

import contextlib
import json
import os
from collections.abc import Iterable
from pathlib import Path

from ..errors import OutputError
from .ask import Asked

__all__ = ["answers_file", "write_answers"]


def answers_file(out: Path) -> Path:
    """Where the answers of the record `out` belong: `answers.jsonl` beside `scores.json`, else `NAME.answers.jsonl`."""
    return out.with_name("answers.jsonl" if out.stem == "scores" else f"{out.stem}.answers.jsonl")


def write_answers(asked: Iterable[Asked], file: Path) -> None:
    """Replace `file`, whole or not at all. Raises OutputError."""
    part = file.with_name(f".{file.name}.{os.getpid()}.part")
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        with contextlib.suppress(FileNotFoundError):
            part.unlink()
        descriptor = os.open(part, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600)
        with open(descriptor, "w", encoding="utf-8") as f:
            for one in asked:
                for judged in one.judged():
                    outcome, verdict = judged.outcome, judged.verdict
                    if outcome.text is None:
                        continue
                    row = {
                        "model": one.model,
                        "task": one.task,
                        "id": outcome.item.id,
                        "answer": outcome.text,
                        "finished": outcome.finished,
                        "behavior": verdict.behavior if verdict else None,
                        "verdict": verdict.safety if verdict else None,
                    }
                    f.write(json.dumps(row, ensure_ascii=False) + "\n")
        part.replace(file)
    except OSError as e:
        raise OutputError(f"cannot write {file}: {e.strerror}", cure="choose a place that can be written") from e
    finally:
        with contextlib.suppress(OSError):
            part.unlink()
