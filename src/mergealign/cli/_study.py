"""A search on the terminal: what happens, what it would take, and what came of it."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import typer

if TYPE_CHECKING:
    from ..record.study import Bound, Measures, ModelMeasures, StudyRecord, Trial
    from ..tradeoff.forecast import Forecast

__all__ = ["SearchLines", "say", "show_forecast", "show_study", "verdict"]


def say(line: str) -> None:
    """A line on standard error."""
    print(line, file=sys.stderr)


class SearchLines:
    """`tradeoff.align.Progressing`: lines on standard error."""

    def __init__(self, n_trials: int) -> None:
        self._n_trials = n_trials

    def stage(self, what: str) -> None:
        say(what)

    def references(self, models: Sequence[ModelMeasures], bounds: Sequence[Bound]) -> None:
        for model in models:
            say(f"  {model.name:<8} {_measures(model.measures)}")
        for bound in bounds:
            say(f"  bound    {bound.measure} {'≥' if bound.at_least else '≤'} {100 * bound.limit:.1f} ({bound.rule})")

    def trial(self, trial: Trial, trials: Sequence[Trial]) -> None:
        done = f"{len(trials)}/{self._n_trials}"
        say(f"  {done} trial {trial.number} {_point(trial)}  {_found(trial)}  {_seconds(trial):.1f} s")


def _seconds(trial: Trial) -> float:
    return trial.propose_s + trial.merge_s + trial.evaluate_s


def _point(trial: Trial) -> str:
    if len(trial.point) > 4:
        return f"({len(trial.point)} weights by {trial.origin})"
    short = {"domain_weight": "λ_d", "alignment_weight": "λ_a"}
    values = (f"{short.get(name, name)} {value:.3f}" for name, value in trial.point.items())
    return f"{' '.join(values)} ({trial.origin})"


def _found(trial: Trial) -> str:
    """Of a finalist, what it says counts."""
    loss = trial.loss
    if trial.measures is not None:
        return _measures(trial.measures)
    if loss is None or trial.error is not None:
        return f"failed: {trial.error}"
    return f"loss {loss.total:.4f} (safety {loss.safety:.4f}, expert {loss.expert:.4f})"


def _measures(measures: Measures) -> str:
    named = {
        "knowledge": measures.knowledge,
        "safety": measures.safety,
        "over-refusal": measures.over_refusal,
        "incoherent": measures.incoherent,
        "general": measures.general,
    }
    return ", ".join(f"{name} {100 * score.value:.1f}" for name, score in named.items() if score is not None)


def show_forecast(found: Forecast, max_hours: float | None, *, as_json: bool) -> None:
    """Counts and times, for a table of lines or as JSON."""
    from dataclasses import asdict
    from json import dumps

    if as_json:
        typer.echo(dumps({**asdict(found), "total_s": found.total_s}, indent=1))
        return
    typer.echo(f"trials       at most {found.n_trials}, {found.merge_s:.2f} s each to plan and merge")
    if found.n_losses:
        typer.echo(f"losses       {found.n_losses} on {found.n_pairs} answers, {found.loss_s:.1f} s each")
    typer.echo(
        f"evaluations  {found.n_development} of {found.n_items_development} development items,"
        f" {found.development_s:.1f} s each\n"
        f"             {found.n_test} of {found.n_items_test} test items, {found.test_s:.1f} s each\n"
        f"total        about {found.total_s / 3600:.2f} h, beside loading models; nothing was written"
    )
    if max_hours is not None:
        typer.echo(f"             the search ends after {max_hours:g} h at the latest")


def show_study(record: StudyRecord, folder: Path) -> None:
    """Why the search ended, the choice, the scores on test items and the verdict."""
    from rich.console import Console

    from ..record.evaluation import read_eval_record
    from ..report.scores_table import as_rich, scores_table

    typer.echo(f"{record.stopped}; {record.choice.reason}")
    if record.confirmation is None:
        return
    Console().print(as_rich(scores_table(read_eval_record(folder / "scores.json"))))
    for line in verdict(record):
        typer.echo(line)
    typer.echo(f"merged model → {folder / 'merged'}")


def verdict(record: StudyRecord) -> list[str]:
    """What came of it on test items, in a few lines; empty where nothing was confirmed."""
    confirmed = record.confirmation
    if confirmed is None:
        return []
    by_name = {m.name: m.measures for m in confirmed.models}
    merged, expert, safe = by_name["merged"], by_name["domain"], by_name["aligned"]
    held_out = "held-out test items" if confirmed.held_out else "test items, some of which took part in the choice"
    lines = [
        f"on {held_out}:",
        f"  knowledge  {100 * merged.knowledge.value:.1f} %, expert {100 * expert.knowledge.value:.1f} %"
        f" ({100 * (merged.knowledge.value - expert.knowledge.value):+.1f} points)",
        f"  safety     {100 * merged.safety.value:.1f} %, aligned model {100 * safe.safety.value:.1f} %"
        f" ({100 * (merged.safety.value - safe.safety.value):+.1f} points), expert {100 * expert.safety.value:.1f} %",
    ]
    if merged.over_refusal is not None and safe.over_refusal is not None:
        lines.append(
            f"  over-refusal {100 * merged.over_refusal.value:.1f} %, "
            f"aligned model {100 * safe.over_refusal.value:.1f} %"
        )
    lines += [
        f"  {d.task}: {d.score} {100 * d.difference:+.1f} points [{100 * d.ci_low:+.1f} to {100 * d.ci_high:+.1f}]"
        f" against {c.a.name}" + (f", p (Holm) {d.p_holm:.4f}" if d.p_holm is not None else "")
        for c in (confirmed.knowledge, confirmed.safety)
        for d in c.differences
        if d.main
    ]
    if merged.safety.value <= expert.safety.value:
        lines.append("  the winner is no safer than the expert: ask for less knowledge, or search other weights")
    return lines
