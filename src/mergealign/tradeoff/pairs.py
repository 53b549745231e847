"""Answer files: what a model should say to some prompts. A search by loss asks how likely a merge finds it.

    safety answers   harmful prompt → the refusal that is wanted; harmless look-alike → the help that is wanted
    expert answers   question of the domain → the expert's answer

Rows with the columns `prompt` and `answer`, in JSON Lines or whatever else data files of tasks may be; other columns
do not matter.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass, field
from pathlib import Path

from ..checkpoint.digest import file_digest
from ..errors import EvaluationError, MergeAlignError, Problem, UsageError
from ..record.study import AnswerSource, LossSettings, Objective
from ..tasks._rows import Row, read_rows

__all__ = ["OBJECTIVES", "STARTS", "AnswerFile", "Answers", "Pair", "asked_answers", "read_answers", "require_use"]

OBJECTIVES: tuple[Objective, ...] = ("generation", "loss")
STARTS = ("corners", "cocktail")
_SHOWN = 20
_CURE = 'one object per line: {"prompt": "…", "answer": "…"}'


@dataclass(frozen=True)
class Pair:
    """A prompt and the answer that is wanted; `where` names file and line. The texts stay out of its `repr`."""

    where: str
    prompt: str = field(repr=False)
    answer: str = field(repr=False)


@dataclass(frozen=True)
class AnswerFile:
    """The pairs of one file, and the XXH3-128 of its bytes."""

    path: Path
    digest: str
    pairs: tuple[Pair, ...]

    @property
    def source(self) -> AnswerSource:
        return AnswerSource(path=str(self.path), digest=self.digest, n=len(self.pairs))


@dataclass(frozen=True)
class Answers:
    """Both files, and the weight α of the expert's in the loss."""

    safety: AnswerFile
    expert: AnswerFile
    alpha: float

    @property
    def settings(self) -> LossSettings:
        """As records hold it: no texts."""
        return LossSettings(safety=self.safety.source, expert=self.expert.source, alpha=self.alpha)


def asked_answers(objective: str, start: str, safety: Path | None, expert: Path | None, alpha: float) -> Answers | None:
    """What the options ask for; None where no losses are taken. Raises UsageError, EvaluationError."""
    problems = []
    if objective not in OBJECTIVES:
        problems.append(Problem(f"--objective {objective} is not known", f"choose {' or '.join(OBJECTIVES)}"))
    if start not in STARTS:
        problems.append(Problem(f"--start {start} is not known", f"choose {' or '.join(STARTS)}"))
    needed = "--objective loss" if objective == "loss" else "--start cocktail" if start == "cocktail" else None
    given = {"--safety-answers": safety, "--expert-answers": expert}
    if needed is not None:
        missing = [option for option, path in given.items() if path is None]
        problems += [Problem(f"{needed} needs {option}", f"add {option} FILE, {_CURE}") for option in missing]
    if problems:
        raise UsageError(*problems)
    if safety is None or expert is None:
        return None
    return read_answers(safety, expert, alpha)


def require_use(objective: str, start: str, given: Collection[str]) -> None:
    """Raises UsageError for options (of those `given`, by name) that would be ignored."""
    ways = {"--objective loss": objective == "loss", "--start cocktail": start == "cocktail"}
    for_both, for_loss, for_cocktail = tuple(ways), tuple(ways)[:1], tuple(ways)[1:]
    uses = {
        "--safety-answers": for_both,
        "--expert-answers": for_both,
        "--alpha": for_both,
        "--finalists": for_loss,
        "--temperature": for_cocktail,
    }
    useless = [o for o in uses if o in given and not any(ways[way] for way in uses[o])]
    if useless:
        raise UsageError(*(Problem(f"{o} has no use here", f"add {' or '.join(uses[o])}") for o in useless))


def read_answers(safety: Path, expert: Path, alpha: float) -> Answers:
    """Read both files. Raises EvaluationError with all mistakes in both, by file and line, without their texts."""
    found: list[AnswerFile] = []
    problems: list[Problem] = []
    for path in (safety, expert):
        try:
            found.append(_read(path))
        except MergeAlignError as e:
            problems += e.problems
    if problems:
        raise EvaluationError(*problems)
    first, second = found
    return Answers(first, second, alpha)


def _read(path: Path) -> AnswerFile:
    rows = read_rows(path)
    pairs, problems = _pairs(rows)
    if not rows:
        problems.append(Problem(f"{path} holds no answers", _CURE))
    if problems:
        more = len(problems) - _SHOWN
        raise EvaluationError(*problems[:_SHOWN], *([f"{path}: {more} more malformed rows"] if more > 0 else []))
    return AnswerFile(path, file_digest(path), pairs)


def _pairs(rows: Iterable[Row]) -> tuple[tuple[Pair, ...], list[Problem]]:
    pairs: list[Pair] = []
    problems: list[Problem] = []
    for row in rows:
        try:
            if row.problem:
                raise ValueError(row.problem)
            pairs.append(Pair(row.where, row.text("prompt"), row.text("answer").strip()))
        except ValueError as e:
            problems.append(Problem(f"{row.where}: {e}", _CURE))
    return tuple(pairs), problems
