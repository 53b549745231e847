"""The exceptions of mergealign.

MergeAlignError            a mistake the user can mend; the command line prints it without a traceback, exit code 2
├── UsageError             command-line options that do not fit together
├── RecipeError            a recipe or suite file that cannot be understood
│   └── UnknownNameError   a part (method, task, judge …) that is not registered; names the nearest one
├── CheckpointError        a model folder or one of its files cannot be read as a checkpoint
├── IncompatibleError      checkpoints that do not belong together
├── NumericsError          NaN or infinity in the weights, or produced by a merge
├── OutputError            the output cannot be written: exists, overlaps an input, disk full
├── EvaluationError        a model, task or judge that cannot be run
└── MissingExtraError      an optional dependency is not installed
"""

from __future__ import annotations

from dataclasses import dataclass

__all__ = [
    "CheckpointError",
    "EvaluationError",
    "IncompatibleError",
    "MergeAlignError",
    "MissingExtraError",
    "NumericsError",
    "OutputError",
    "Problem",
    "RecipeError",
    "UnknownNameError",
    "UsageError",
    "printable",
]


def printable(text: str) -> str:
    """`text` with all but line breaks and visible characters escaped: names found in files must not steer terminals."""
    if text.isprintable():
        return text
    return "".join(c if c == "\n" or c.isprintable() else c.encode("unicode_escape").decode() for c in text)


@dataclass(frozen=True)
class Problem:
    """One thing that is wrong, and what to do about it."""

    what: str
    cure: str = ""

    def __str__(self) -> str:
        return printable(f"{self.what}\n  → {self.cure}" if self.cure else self.what)


class MergeAlignError(Exception):
    """Base of all errors a user can mend. Carries one or many problems, all that were found."""

    exit_code = 2

    def __init__(self, *problems: Problem | str, cure: str = "") -> None:
        """Args: the problems, strings among them taken without a cure; `cure` belongs to a single string."""
        self.problems = tuple(p if isinstance(p, Problem) else Problem(p, cure) for p in problems)
        super().__init__("\n".join(map(str, self.problems)))


class UsageError(MergeAlignError):
    """Command-line options that do not fit together."""


class RecipeError(MergeAlignError):
    """A recipe or suite file that cannot be understood."""


class UnknownNameError(RecipeError):
    """A part that is not registered."""


class CheckpointError(MergeAlignError):
    """A model folder or one of its files cannot be read as a checkpoint."""


class IncompatibleError(MergeAlignError):
    """Checkpoints that do not belong together."""


class NumericsError(MergeAlignError):
    """NaN or infinity in the weights, or produced by a merge."""


class OutputError(MergeAlignError):
    """The output cannot be written."""


class EvaluationError(MergeAlignError):
    """A model, task or judge that cannot be run."""


class MissingExtraError(MergeAlignError):
    """An optional dependency is not installed."""

    def __init__(self, feature: str, extra: str) -> None:
        super().__init__(f"{feature} needs packages that are not installed", cure=f'pip install "mergealign[{extra}]"')
