"""An evaluation suite: which tasks a model is asked, under which chat template, and who judges the answers.

    schema_version: 1
    name: lab-small
    chat_template: chat_template.jinja
    judges: [refusal, {judge: llama_guard, model: guard}]
    limit: 500
    knowledge: [{task: multiple_choice, name: domain, path: "data/domain_{split}.jsonl"}]
    harmful: [{task: harmbench, limit: 100, max_new_tokens: 128}]

Paths are relative to the suite file; `{split}` becomes `dev` or `test`. Every other key of a task or judge is one of
its parameters. `judge: refusal` is short for `judges: [refusal]`, which is the default. A suite is data: it holds no
code, and YAML tags (`!function …`) are refused. `find_suite.py` knows where suites are.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Annotated, Any, Literal

import xxhash
from pydantic import BeforeValidator, ConfigDict, Field

from ..errors import MergeAlignError, Problem, RecipeError
from ..registry import Registry
from .parameters import parameters_model
from .strict import StrictModel, read_model, validate

__all__ = ["SECTIONS", "Section", "Split", "Suite", "SuiteJudge", "SuiteTask", "read_suite"]

Section = Literal["knowledge", "general", "harmful", "benign"]
SECTIONS: tuple[Section, ...] = ("knowledge", "general", "harmful", "benign")
Split = Literal["dev", "test"]


@dataclass(frozen=True)
class SuiteJudge:
    """One judge of a suite: the judge `judge` under the name `name`."""

    name: str
    judge: str
    parameters: Mapping[str, Any]


@dataclass(frozen=True)
class SuiteTask:
    """One line of a suite: the task `task` under the name `name`; `{split}` still stands in its paths.

    Attributes:
        limit: ask only the first items; None = the suite's limit.
        max_new_tokens: length limit of an answer; None = the suite's.
    """

    section: Section
    name: str
    task: str
    parameters: Mapping[str, Any]
    limit: int | None = None
    max_new_tokens: int | None = None

    def for_split(self, split: Split) -> SuiteTask:
        """The same line with `{split}` filled in, and `split` as its parameter where it has one and leaves it open."""
        filled = {
            k: Path(str(v).replace("{split}", split)) if isinstance(v, Path) else v for k, v in self.parameters.items()
        }
        if "split" in filled and filled["split"] is None:
            filled["split"] = split
        return replace(self, parameters=filled)


@dataclass(frozen=True)
class Suite:
    """A suite that was read and understood.

    Attributes:
        name: what reports call it.
        seed: of every random choice (bootstrap).
        max_new_tokens: length limit of an answer.
        limit: ask only the first items of each task; None = all.
        chat_template: Jinja text used for every model; None = each model's own.
        judges: in the order in which their labels count.
        tasks: in the order of the file.
        digest: XXH3-128 of the suite file and the template file.
    """

    name: str
    seed: int
    max_new_tokens: int
    limit: int | None
    chat_template: str | None
    judges: tuple[SuiteJudge, ...]
    tasks: tuple[SuiteTask, ...]
    digest: str


_Name = Annotated[str, Field(pattern=r"^[\w.-]+$")]
_Count = Annotated[int, Field(ge=1)]


class _TaskLine(StrictModel):
    model_config = ConfigDict(extra="allow")

    task: str
    name: _Name | None = None
    limit: _Count | None = None
    max_new_tokens: _Count | None = None


class _JudgeLine(StrictModel):
    model_config = ConfigDict(extra="allow")

    judge: str
    name: _Name | None = None


def _judge_line(value: Any) -> Any:
    return {"judge": value} if isinstance(value, str) else value


class _SuiteFile(StrictModel):
    schema_version: Literal[1]
    name: Annotated[str, Field(min_length=1)]
    seed: Annotated[int, Field(ge=0)] = 0
    max_new_tokens: _Count = 48
    limit: _Count | None = None
    chat_template: Path | None = None
    judge: str | None = None
    judges: Annotated[tuple[Annotated[_JudgeLine, BeforeValidator(_judge_line)], ...], Field(min_length=1)] | None = (
        None
    )
    knowledge: tuple[_TaskLine, ...] = ()
    general: tuple[_TaskLine, ...] = ()
    harmful: tuple[_TaskLine, ...] = ()
    benign: tuple[_TaskLine, ...] = ()


def read_suite(file: Path) -> Suite:
    """The suite in `file`. Raises RecipeError with everything that is wrong in it; data files are read later."""
    _refuse_tags(file)
    raw = read_model(file, _SuiteFile)
    problems: list[Problem] = []
    judges = _judges(raw, file, problems)
    tasks: list[SuiteTask] = []
    for section, number, line in _lines(raw):
        source = f"{file}: {section}.{number}"
        try:
            tasks.append(_understand(line, section, source, file.parent))
        except MergeAlignError as e:
            problems += e.problems
        if any((line.name or line.task) == t.name for t in tasks[:-1]):
            what = f"{source}: the name '{line.name or line.task}' occurs twice"
            problems.append(Problem(what, "give every task its own name"))
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
    return Suite(raw.name, raw.seed, raw.max_new_tokens, raw.limit, template, judges, tuple(tasks), digest)


def _lines(raw: _SuiteFile) -> Iterator[tuple[Section, int, _TaskLine]]:
    for section in SECTIONS:
        for number, line in enumerate(getattr(raw, section)):
            yield section, number, line


def _understand(line: _TaskLine, section: Section, source: str, folder: Path) -> SuiteTask:
    part = Registry("tasks", "task").get(line.task)
    values = _parameters(line, part, source, folder)
    sections = part.sections_for(values)
    if section not in sections:
        raise RecipeError(
            f"{source}: task '{line.task}' does not belong under '{section}'",
            cure=f"put it under {' or '.join(sorted(sections))}",
        )
    return SuiteTask(section, line.name or line.task, line.task, values, line.limit, line.max_new_tokens)


def _judges(raw: _SuiteFile, file: Path, problems: list[Problem]) -> tuple[SuiteJudge, ...]:
    """The judges; what is wrong with them goes to `problems`."""
    if raw.judge is not None and raw.judges is not None:
        problems.append(Problem(f"{file}: both 'judge' and 'judges' are given", "keep 'judges'"))
    lines = raw.judges or (_JudgeLine(judge=raw.judge or "refusal"),)
    judges: list[SuiteJudge] = []
    for number, line in enumerate(lines):
        source = f"{file}: judges.{number}" if raw.judges else f"{file}: judge"
        name = line.name or line.judge
        try:
            part = Registry("judges", "judge").get(line.judge)
            judges.append(SuiteJudge(name, line.judge, _parameters(line, part, source, file.parent)))
        except MergeAlignError as e:
            problems += e.problems
        if any((other.name or other.judge) == name for other in lines[:number]):
            problems.append(Problem(f"{source}: the name '{name}' occurs twice", "give every judge its own name"))
    return tuple(judges)


def _parameters(line: _TaskLine | _JudgeLine, part: Any, source: str, folder: Path) -> dict[str, Any]:
    """The parameters of a part, validated against its signature. Paths are made relative to the suite's folder, and
    so is a `model` that is a folder there; any other text in `model` stays as it is (`org/name` on the Hub)."""
    given = validate(line.model_extra or {}, parameters_model(part), source)
    values = {name: getattr(given, name) for name in type(given).model_fields}
    model = values.get("model")
    if isinstance(model, str) and (folder / model).is_dir():
        values["model"] = str(folder / model)
    return {name: folder / value if isinstance(value, Path) else value for name, value in values.items()}


def _refuse_tags(file: Path) -> None:
    """Raise RecipeError for every YAML tag: a suite is data, and tags are how YAML files name code."""
    from ruamel.yaml import YAML
    from ruamel.yaml.error import YAMLError
    from ruamel.yaml.tokens import TagToken

    try:
        tokens = list(YAML(typ="safe", pure=True).scan(file.read_text(encoding="utf-8")))
    except (OSError, UnicodeDecodeError, YAMLError):
        return  # told better by whoever reads the file next
    marks = [t.start_mark for t in tokens if isinstance(t, TagToken)]
    if marks:
        cure = "write the value itself: a suite is data and holds no code"
        what = "YAML tags such as !function are refused"
        raise RecipeError(*(Problem(f"{file}:{m.line + 1}:{m.column + 1}: {what}", cure) for m in marks))
