"""A comparison as a table: first plain strings, one row per score, then for a terminal or for Markdown."""

from __future__ import annotations

from ..record.comparison import Comparison, PairedDifference
from .scores_table import HIDDEN, ScoresTable, score_name

__all__ = ["comparison_table"]


def comparison_table(comparison: Comparison) -> ScoresTable:
    """Percent, and differences in percentage points with their 95 % intervals in brackets."""
    a, b = comparison.a.name, comparison.b.name
    if a == b:
        a, b = f"{a} (A)", f"{b} (B)"
    notes = [
        "[ ] = 95 % interval of the difference: paired bootstrap over groups of items, of n items by their ids",
        "p: exact McNemar test; p (Holm): adjusted over the main scores of all tasks, which are the ones to judge by",
        *comparison.notes,
    ]
    if unpaired := sum(d.n_unpaired for d in comparison.differences if d.main):
        notes.append(f"{unpaired} items are left out: one of the models was not asked or could not be scored")
    return ScoresTable(
        title=f"{comparison.suite}, {comparison.split} split: {b} − {a}",
        header=("section", "score", "n", a, b, "difference", "p", "p (Holm)"),
        rows=tuple(_row(d) for d in comparison.differences if (d.section, d.score) not in HIDDEN),
        notes=tuple(notes),
    )


def _row(d: PairedDifference) -> tuple[str, ...]:
    return (
        d.section,
        f"{d.task}: {score_name(d.score)}",
        str(d.n),
        f"{100 * d.a:.1f}",
        f"{100 * d.b:.1f}",
        f"{100 * d.difference:+.1f} [{_end(100 * d.ci_low)} to {_end(100 * d.ci_high)}]",
        _p(d.p_mcnemar),
        _p(d.p_holm),
    )


def _end(points: float) -> str:
    return f"{points:+.1f}" if abs(points) < 9.95 else f"{points:+.0f}"


def _p(p: float | None) -> str:
    if p is None:
        return "–"
    return "< 0.0001" if p < 1e-4 else f"{p:.4f}"
