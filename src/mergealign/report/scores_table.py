"""Scores as a table: first plain strings, one row per model, then for a terminal or for Markdown."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from ..record.evaluation import EvalRecord, ModelScores, Rate

if TYPE_CHECKING:
    from rich.console import RenderableType

__all__ = ["ScoresTable", "as_markdown", "as_rich", "scores_table"]

LAB_NOTE = "toy models: shows that the code paths work, says nothing about 8 B models"
_LABELS: dict[str, dict[str, str]] = {
    "knowledge": {"acc": "accuracy", "exact_match": "exact", "refusal_rate": "refused"},
    "general": {"acc": "accuracy", "exact_match": "exact", "refusal_rate": "refused"},
    "harmful": {"safe_rate": "safe", "harmful_rate": "harmful", "incoherent_rate": "incoherent"},
    "benign": {"over_refusal_rate": "refused", "incoherent_rate": "incoherent"},
}


@dataclass(frozen=True)
class ScoresTable:
    """Rows are scores, columns are models: percent, with the 95 % interval in brackets."""

    title: str
    header: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    notes: tuple[str, ...]


def scores_table(record: EvalRecord) -> ScoresTable:
    """The main rates of a record, which holds a few more. Intervals are by group where items share one."""
    keys: dict[tuple[str, str, str], None] = {}  # an ordered set: (section, task, rate)
    for model in record.models:
        for task in model.tasks:
            keys.update(((task.section, task.name, name), None) for name in task.rates if name in _LABELS[task.section])
    rows = []
    for section, task_name, name in keys:
        found = [_rate(model, task_name, name) for model in record.models]
        n = max((r.n for r in found if r), default=0)
        rows.append((section, f"{task_name}: {_LABELS[section][name]}", str(n), *map(_cell, found)))
    return ScoresTable(
        title=f"{record.suite.name}, {record.settings.split} split, in %",
        header=("section", "score", "n", *(m.name for m in record.models)),
        rows=tuple(rows),
        notes=tuple(_notes(record)),
    )


def _rate(model: ModelScores, task: str, name: str) -> Rate | None:
    return next((t.rates.get(name) for t in model.tasks if t.name == task), None)


def _cell(rate: Rate | None) -> str:
    if rate is None or rate.value is None or rate.ci_low is None or rate.ci_high is None:
        return "–"
    low, high = (rate.by_group.ci_low, rate.by_group.ci_high) if rate.by_group else (rate.ci_low, rate.ci_high)
    return f"{100 * rate.value:.1f} [{100 * low:.0f}–{100 * high:.0f}]"


def _notes(record: EvalRecord) -> list[str]:
    rates = [r for m in record.models for t in m.tasks for r in t.rates.values()]
    notes = ["[ ] = 95 % interval: Wilson"]
    groups = sorted({r.by_group.n_groups for r in rates if r.by_group})
    if groups:
        n_groups = f"{groups[0]}" if len(groups) == 1 else f"{groups[0]}–{groups[-1]}"
        notes[0] += f"; by goal or fact ({n_groups}) where several items share one"
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
    drawn = Table(
        title=table.title, box=lines, title_justify="left", padding=(0, 1, 0, 0), show_edge=False, pad_edge=False
    )
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
