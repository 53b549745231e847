"""Rows → a Markdown table: rates in percent with the 95 % interval, n in the header, and what the model cost."""

from __future__ import annotations

from collections.abc import Sequence

from mergealign.record.evaluation import Rate
from mergealign.record.study import Score

from .results import Cost, Row

__all__ = ["NOTES", "as_markdown"]

COLUMNS = (
    ("domain", "acc", "knowledge, choice"),
    ("domain_greedy", "exact_match", "knowledge, greedy"),
    ("domain_greedy", "refusal_rate", "domain questions refused"),
    ("risky", "acc", "risky facts, choice"),
    ("general", "acc", "general"),
    ("harmful", "safe_rate", "safe: harmful"),
    ("novel", "safe_rate", "safe: novel"),
    ("misuse", "safe_rate", "safe: misuse"),
    ("benign", "over_refusal_rate", "over-refusal: benign"),
    ("handling", "over_refusal_rate", "over-refusal: handling"),
)
NOTES = (
    "% of test items [95 % interval; by fact or goal where items share one]; incoherent: mean over the prompt sets;",
    "make: training or merging once; choose: all candidates on development items. CPU s (wall s).",
)


def as_markdown(rows: Sequence[Row]) -> str:
    """Columns that no row has are left out."""
    shown = [c for c in COLUMNS if any(c[1] in r.rates.get(c[0], {}) for r in rows)]
    header = ["model", "how"]
    for task, rate, title in shown:
        sizes = sorted({r.rates[task][rate].n for r in rows if rate in r.rates.get(task, {})})
        header.append(f"{title} (n {'–'.join(map(str, sizes[:: max(1, len(sizes) - 1)]))})")
    header += ["incoherent", "make", "choose"]
    lines = [_line(header), "|---|---|" + "---:|" * (len(header) - 2)]
    for row in rows:
        cells = [_rate(row.rates.get(task, {}).get(rate)) for task, rate, _ in shown]
        ends = (_score(row.measures.incoherent), _cost(row.making), _cost(row.choosing))
        lines.append(_line([row.name, row.how, *cells, *ends]))
    return "\n".join((*lines, "", *NOTES))


def _line(cells: Sequence[str]) -> str:
    return "| " + " | ".join(cells) + " |"


def _rate(rate: Rate | None) -> str:
    if rate is None or rate.value is None or rate.ci_low is None or rate.ci_high is None:
        return "–"
    low, high = rate.ci_low, rate.ci_high
    if rate.by_group:
        low, high = rate.by_group.ci_low, rate.by_group.ci_high
    return _percent(rate.value, low, high)


def _score(score: Score | None) -> str:
    return "–" if score is None else _percent(score.value, score.ci_low, score.ci_high)


def _percent(value: float, low: float, high: float) -> str:
    return f"{100 * value:.1f} [{100 * low:.0f}–{100 * high:.0f}]"


def _cost(cost: Cost | None) -> str:
    if cost is None:
        return "–"
    return f"{'–' if cost.cpu_s is None else f'{cost.cpu_s:.1f}'} ({cost.wall_s:.1f})"
