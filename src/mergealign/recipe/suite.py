"""An evaluation suite: which tasks a model is asked, under which chat template, and who judges the answers.

    schema_version: 1
    name: lab-small
    chat_template: chat_template.jinja
    judge: refusal
    knowledge: [{task: multiple_choice, name: domain, path: "data/domain_{split}.jsonl"}]
    harmful: [{task: prompts, name: harmful, path: "data/harmful_{split}.jsonl"}]

Paths are relative to the suite file; `{split}` becomes `dev` or `test`. A suite is data: it holds no code.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Annotated, Any, Literal

import xxhash
from pydantic import ConfigDict, Field

from ..errors import MergeAlignError, Problem, RecipeError
from ..registry import Registry
from .parameters import parameters_model
from .strict import StrictModel, read_model, validate

__all__ = ["SECTIONS", "Section", "Split", "Suite", "SuiteTask", "read_suite"]

Section = Literal["knowledge", "general", "harmful", "benign"]
SECTIONS: tuple[Section, ...] = ("knowledge", "general", "harmful", "benign")
Split = Literal["dev", "test"]


@dataclass(frozen=True)
class SuiteTask:
    """One line of a suite: the task `task` under the name `name`; `{split}` still stands in its paths."""

    section: Section
    name: str
    task: str
    parameters: Mapping[str, Any]

    def for_split(self, split: Split) -> SuiteTask:
        """The same line with `{split}` filled in."""
        filled = {
            k: Path(str(v).replace("{split}", split)) if isinstance(v, Path) else v for k, v in self.parameters.items()
        }
        return replace(self, parameters=filled)


@dataclass(frozen=True)
class Suite:
    """A suite that was read and understood.

    Attributes:
        name: what reports call it.
        seed: of every random choice (bootstrap).
        max_new_tokens: length limit of an answer.
        judge: registry name of the judge.
        chat_template: Jinja text used for every model; None = each model's own.
        tasks: in the order of the file.
        digest: XXH3-128 of the suite file and the template file.
    """

    name: str
    seed: int
    max_new_tokens: int
    judge: str
    chat_template: str | None
    tasks: tuple[SuiteTask, ...]
    digest: str


class _Line(StrictModel):
    model_config = ConfigDict(extra="allow")

    task: str
    name: Annotated[str, Field(pattern=r"^[\w.-]+$")]


class _SuiteFile(StrictModel):
    schema_version: Literal[1]
    name: Annotated[str, Field(min_length=1)]
    seed: Annotated[int, Field(ge=0)] = 0
    max_new_tokens: Annotated[int, Field(ge=1)] = 48
    chat_template: Path | None = None
    judge: str = "refusal"
    knowledge: tuple[_Line, ...] = ()
    general: tuple[_Line, ...] = ()
    harmful: tuple[_Line, ...] = ()
    benign: tuple[_Line, ...] = ()


def read_suite(file: Path) -> Suite:
    """The suite in `file`. Raises RecipeError with everything that is wrong in it; data files are read later."""
    raw = read_model(file, _SuiteFile)
    problems: list[Problem] = []
    try:
        Registry("judges", "judge").get(raw.judge)
    except MergeAlignError as e:
        problems += e.problems
    tasks: list[SuiteTask] = []
    for section, number, line in _lines(raw):
        source = f"{file}: {section}.{number}"
        try:
            tasks.append(_understand(line, section, source, file.parent))
        except MergeAlignError as e:
            problems += e.problems
        if any(line.name == t.name for t in tasks[:-1]):
            problems.append(Problem(f"{source}: the name '{line.name}' occurs twice", "give every task its own name"))
    if not any(True for _ in _lines(raw)):
        problems.append(Problem(f"{file} names no task", f"add one under {', '.join(SECTIONS)}"))
    template = None
    if raw.chat_template is not None:
        try:
            template = (file.parent / raw.chat_template).read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError) as e:
            problems.append(Problem(f"cannot read the chat template {file.parent / raw.chat_template}: {e}"))
    if problems:
        raise RecipeError(*problems)
    digest = xxhash.xxh3_128_hexdigest(file.read_bytes() + b"\0" + (template or "").encode())
    return Suite(raw.name, raw.seed, raw.max_new_tokens, raw.judge, template, tuple(tasks), digest)


def _lines(raw: _SuiteFile) -> Iterator[tuple[Section, int, _Line]]:
    for section in SECTIONS:
        for number, line in enumerate(getattr(raw, section)):
            yield section, number, line


def _understand(line: _Line, section: Section, source: str, folder: Path) -> SuiteTask:
    part = Registry("tasks", "task").get(line.task)
    if section not in part.sections:
        raise RecipeError(
            f"{source}: task '{line.task}' does not belong under '{section}'",
            cure=f"put it under {' or '.join(sorted(part.sections))}",
        )
    given = validate(line.model_extra or {}, parameters_model(part), source)
    values = {name: getattr(given, name) for name in type(given).model_fields}
    return SuiteTask(
        section,
        line.name,
        line.task,
        {name: folder / value if isinstance(value, Path) else value for name, value in values.items()},
    )
