"""Scores as a table: first plain strings, one row per model, then for a terminal or for Markdown."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from ..record.evaluation import Composite, EvalRecord, Mean, ModelScores, Rate, TaskScores

if TYPE_CHECKING:
    from rich.console import RenderableType

__all__ = ["HIDDEN", "ScoresTable", "as_markdown", "as_rich", "score_name", "scores_table"]

LAB_NOTE = "toy models: shows that the code paths work, says nothing about 8 B models"
_NAMES = {
    "acc": "accuracy",
    "exact_match": "exact",
    "refusal_rate": "refused",
    "over_refusal_rate": "refused",
    "safe_rate": "safe",
    "harmful_rate": "harmful",
    "incoherent_rate": "incoherent",
}
HIDDEN = {("knowledge", "incoherent_rate"), ("general", "incoherent_rate"), ("harmful", "refusal_rate")}
"""Rates (section, name) that are in the record and not in tables."""


def score_name(score: str) -> str:
    """What tables call a score."""
    return _NAMES.get(score, score)


@dataclass(frozen=True)
class ScoresTable:
    """Rows are scores, columns are models: percent, with the 95 % interval in brackets."""

    title: str
    header: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    notes: tuple[str, ...]


def scores_table(record: EvalRecord) -> ScoresTable:
    """The main scores of a record, which holds a few more. Intervals are by group where items share one."""
    keys: dict[tuple[str, str, str], None] = {}  # an ordered set: (section, task, score)
    for model in record.models:
        for task in model.tasks:
            keys.update(((task.section, task.name, name), None) for name in _shown(task))
    rows = []
    for section, task_name, name in keys:
        found = [_score(model, task_name, name) for model in record.models]
        n = max((r.n for r in found if r), default=0)
        rows.append((section, f"{task_name}: {score_name(name)}", str(n), *map(_cell, found)))
    for section in ("knowledge", "general"):
        means = [model.composites.get(section) for model in record.models]
        if n_tasks := max((len(c.scores) for c in means if c), default=0):
            at = max(i for i, row in enumerate(rows) if row[0] == section) + 1
            rows.insert(at, (section, f"{section}: mean", f"{n_tasks} tasks", *map(_composite, means)))
    return ScoresTable(
        title=f"{record.suite.name}, {record.settings.split} split, in %",
        header=("section", "score", "n", *(m.name for m in record.models)),
        rows=tuple(rows),
        notes=tuple(_notes(record)),
    )


def _shown(task: TaskScores) -> list[str]:
    return [*task.means, *(name for name in task.rates if (task.section, name) not in HIDDEN)]


def _score(model: ModelScores, task: str, name: str) -> Rate | Mean | None:
    found = next((t for t in model.tasks if t.name == task), None)
    return None if found is None else found.means.get(name) or found.rates.get(name)


def _cell(score: Rate | Mean | None) -> str:
    if score is None or score.value is None or score.ci_low is None or score.ci_high is None:
        return "–"
    low, high = score.ci_low, score.ci_high
    if isinstance(score, Rate) and score.by_group:
        low, high = score.by_group.ci_low, score.by_group.ci_high
    return _percent(score.value, low, high)


def _composite(mean: Composite | None) -> str:
    return "–" if mean is None else _percent(mean.value, mean.ci_low, mean.ci_high)


def _percent(value: float, low: float, high: float) -> str:
    return f"{100 * value:.1f} [{100 * low:.0f}–{100 * high:.0f}]"


def _notes(record: EvalRecord) -> list[str]:
    rates = [r for m in record.models for t in m.tasks for r in t.rates.values()]
    notes = ["[ ] = 95 % interval: Wilson"]
    groups = sorted({r.by_group.n_groups for r in rates if r.by_group})
    if groups:
        n_groups = f"{groups[0]}" if len(groups) == 1 else f"{groups[0]}–{groups[-1]}"
        notes[0] += f"; by goal or fact ({n_groups}) where several items share one"
    if any(t.means or m.composites for m in record.models for t in m.tasks):
        notes[0] += "; bootstrap of means"
    for model in record.models:
        for task in model.tasks:
            notes += (
                f"! {model.name}, {task.name}: judge '{judge}' could not be read on {task.n_unparsed[judge]} of"
                f" {len(task.items)} items: do not trust these rates"
                for judge in task.flagged
            )
    if unscored := sum(r.n_unscored for r in rates):
        notes.append(f"{unscored} item scores are missing (not finite, or not readable by the judge) and not in n")
    if record.settings.limit is not None:
        notes.append(f"only the first {record.settings.limit} items of each task were asked")
    if record.suite.name.split("-")[0] == "lab":
        notes.append(LAB_NOTE)
    return notes


def as_rich(table: ScoresTable) -> RenderableType:
    """For the terminal; with more than three models, intervals go below the numbers."""
    from rich.box import Box
    from rich.console import Group
    from rich.table import Table
    from rich.text import Text

    lines = Box("    \n    \n ── \n    \n    \n    \n    \n    \n")  # a rule under the header, nothing between columns
    drawn = Table(title=table.title, box=lines, title_justify="left", padding=0, show_edge=False, pad_edge=False)
    drawn.add_column(table.header[1], no_wrap=True)
    drawn.add_column(table.header[2], justify="right", no_wrap=True)
    for model in table.header[3:]:
        drawn.add_column(Text(model, overflow="fold"), justify="right", min_width=len("[99–100]"))
    below = "\n[" if len(table.header) > 6 else " ["
    section = None
    for row in table.rows:
        if section not in (None, row[0]):
            drawn.add_section()
        section = row[0]
        drawn.add_row(*(Text(cell.replace(" [", below)) for cell in row[1:]))
    return Group(drawn, *(Text(note, style="dim") for note in table.notes))


def as_markdown(table: ScoresTable) -> str:
    """For a model card."""
    lines = [
        f"**{table.title}**",
        "",
        _markdown_row(table.header),
        _markdown_row(("---", "---", *("---:" for _ in table.header[2:]))),
        *map(_markdown_row, table.rows),
        "",
        *(f"{note}  " for note in table.notes),
    ]
    return "\n".join(lines) + "\n"


def _markdown_row(cells: tuple[str, ...]) -> str:
    return "| " + " | ".join(c.replace("|", "\\|") for c in cells) + " |"
