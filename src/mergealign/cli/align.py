"""`mergealign align`: check, measure, search, choose, confirm, write."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from ..recipe.suite import SuiteJudge
    from ..record.study import Bound, Measures, ModelMeasures, StudyRecord, Trial
    from ..tradeoff.forecast import Forecast
    from ..tradeoff.prepare import Wish

__all__ = ["NO_CHOICE", "align", "verdict"]

NO_CHOICE = 3
"""Exit code where no trial satisfies the policy."""
_MODELS, _POLICY, _SEARCH, _RUN = "Models", "What is asked of the merged model", "Search", "Run"


def align(
    base: Annotated[
        str, typer.Option(help="Base checkpoint: folder, or org/name[@revision].", rich_help_panel=_MODELS)
    ],
    domain: Annotated[str, typer.Option(help="Domain expert, likewise.", rich_help_panel=_MODELS)],
    aligned: Annotated[str, typer.Option(help="Aligned model, likewise.", rich_help_panel=_MODELS)],
    suite: Annotated[str, typer.Option(help="Suite file or name: development items choose, test items confirm.")],
    out: Annotated[Path, typer.Option(help="Folder for the merged model and all records.")],
    keep_knowledge: Annotated[
        float, typer.Option(min=0, max=1, help="Share of the expert's knowledge to keep.", rich_help_panel=_POLICY)
    ] = 0.98,
    keep_general: Annotated[
        float,
        typer.Option(min=0, max=1, help="Share of the expert's general ability to keep.", rich_help_panel=_POLICY),
    ] = 0.97,
    max_over_refusal_increase: Annotated[
        float,
        typer.Option(min=0, max=1, help="Over-refusal above the aligned model's, at most.", rich_help_panel=_POLICY),
    ] = 0.05,
    max_incoherent_increase: Annotated[
        float,
        typer.Option(
            min=0, max=1, help="Incoherent answers above the aligned model's, at most.", rich_help_panel=_POLICY
        ),
    ] = 0.05,
    method: Annotated[
        str, typer.Option(help="Merge method to search (see mergealign methods).", rich_help_panel=_SEARCH)
    ] = "mergealign",
    set_: Annotated[
        list[str] | None,
        typer.Option(
            "--set", metavar="KEY=VALUE", help="A parameter that stays fixed; repeatable.", rich_help_panel=_SEARCH
        ),
    ] = None,
    search: Annotated[
        list[str] | None,
        typer.Option(
            metavar="KEY=LOW:HIGH",
            help="A parameter to search and its range; repeatable. Default: both weights of mergealign in 0:1.5.",
            rich_help_panel=_SEARCH,
        ),
    ] = None,
    granularity: Annotated[
        str,
        typer.Option(
            metavar="global|group:N|layer|module", help="What gets values of its own.", rich_help_panel=_SEARCH
        ),
    ] = "global",
    sampler: Annotated[
        str,
        typer.Option(metavar="auto|grid|gp|cmaes|random", help="Who proposes points.", rich_help_panel=_SEARCH),
    ] = "auto",
    trials: Annotated[int, typer.Option(min=1, help="At most so many.", rich_help_panel=_SEARCH)] = 32,
    patience: Annotated[
        int,
        typer.Option(
            min=0, help="Stop when so many trials in a row gained nothing; 0 = never.", rich_help_panel=_SEARCH
        ),
    ] = 12,
    max_hours: Annotated[
        float | None, typer.Option(min=0, help="End the search after so many hours.", rich_help_panel=_SEARCH)
    ] = None,
    search_judge: Annotated[
        str | None,
        typer.Option(
            help="Judge of the search, instead of the suite's: one of its names, or refusal.", rich_help_panel=_SEARCH
        ),
    ] = None,
    compare: Annotated[
        str,
        typer.Option(
            metavar="METHOD[:KEY=VALUE…],…", help="Methods to score on test items as well.", rich_help_panel=_RUN
        ),
    ] = "",
    limit: Annotated[
        int | None, typer.Option(min=1, help="Ask only the first N items of each task.", rich_help_panel=_RUN)
    ] = None,
    dtype: Annotated[
        str | None,
        typer.Option(
            metavar="bfloat16|float16|float32",
            help="Of the merged model (default: per tensor the base's).",
            rich_help_panel=_RUN,
        ),
    ] = None,
    batch_size: Annotated[int, typer.Option(min=1, help="Sequences per forward pass.", rich_help_panel=_RUN)] = 64,
    device: Annotated[str, typer.Option(help="cpu, cuda or cuda:N.", rich_help_panel=_RUN)] = "cpu",
    threads: Annotated[
        int | None, typer.Option(min=1, help="CPU threads (default: all cores).", rich_help_panel=_RUN)
    ] = None,
    seed: Annotated[int, typer.Option(min=0, help="Of search, merges and bootstrap.", rich_help_panel=_RUN)] = 0,
    resume: Annotated[
        bool,
        typer.Option("--resume", help="Go on with the search in --out, or choose again there.", rich_help_panel=_RUN),
    ] = False,
    overwrite: Annotated[
        bool, typer.Option("--overwrite", help="Replace the search in --out.", rich_help_panel=_RUN)
    ] = False,
    allow_unrelated: Annotated[
        bool,
        typer.Option("--allow-unrelated", help="Models that do not seem to come from one base.", rich_help_panel=_RUN),
    ] = False,
    dry_run: Annotated[
        bool,
        typer.Option("--dry-run", help="Check everything, estimate the time, write nothing.", rich_help_panel=_RUN),
    ] = False,
    json: Annotated[bool, typer.Option("--json", help="Print the record as JSON.", rich_help_panel=_RUN)] = False,
) -> None:
    """Find the weights that make a domain expert safe, and confirm them on held-out items.

    Measures base, expert and aligned model; searches the weights in memory; takes the safest model that keeps the
    required share of the expert's knowledge; writes it; and compares it with expert and aligned model on test items.

    Exit code 3: no trial satisfies what is asked; study.json says what stands in the way.
    """
    from ..errors import UsageError
    from ..models.threads import use_threads
    from ..recipe.find_suite import find_suite
    from ..recipe.suite import read_suite
    from ..tradeoff.choice import Policy
    from ..tradeoff.place import check_place
    from ..tradeoff.prepare import Wish, prepare
    from ..tradeoff.rules import compared, searched
    from ..tradeoff.search import Limits
    from ._progress import announce_compiling

    if resume and overwrite:
        raise UsageError("--resume and --overwrite contradict each other", cure="leave one of them out")
    asked = read_suite(find_suite(suite))
    wish = Wish(
        models={"base": base, "domain": domain, "aligned": aligned},
        suite=asked,
        rule=searched(method, set_ or [], search or []),
        compare=tuple(compared(compare)),
        policy=Policy(keep_knowledge, keep_general, max_over_refusal_increase, max_incoherent_increase),
        granularity=granularity,
        sampler=sampler,
        limits=Limits(trials, patience or None, max_hours),
        search_judges=_judges(search_judge, asked.judges),
        limit=limit,
        batch_size=batch_size,
        device=device,
        threads=threads,
        dtype=dtype,
        seed=seed,
        allow_unrelated=allow_unrelated,
    )
    use_threads(threads)
    announce_compiling()
    prepared = prepare(wish)
    place = check_place(out, prepared.folders.values(), resume=resume, overwrite=overwrite)
    for note in prepared.notes:
        _say(f"note: {note}")
    if dry_run:
        from ..tradeoff.forecast import forecast

        _show_forecast(forecast(prepared), wish, json)
        return
    from ..evaluate.progress import terminal_progress
    from ..tradeoff.align import align as run
    from ._signals import Stopped

    try:
        with terminal_progress() as progress:
            record = run(prepared, place, resume=resume, overwrite=overwrite, progress=progress, told=_Told(wish))
    except (Stopped, KeyboardInterrupt):
        _say(f"the trials so far are kept in {out}: go on with --resume")
        raise
    if json:
        typer.echo(record.model_dump_json(indent=1))
    else:
        _show(record, place.folder)
    if record.choice.winner is None:
        raise typer.Exit(NO_CHOICE)


def _say(line: str) -> None:
    print(line, file=sys.stderr)


def _judges(name: str | None, judges: Sequence[SuiteJudge]) -> tuple[SuiteJudge, ...] | None:
    """The judge of the search: one of the suite's by its name, or the refusal rules."""
    from ..errors import UsageError
    from ..recipe.suite import SuiteJudge

    if name is None:
        return None
    found = next((j for j in judges if j.name == name), None)
    if found is None and name == "refusal":
        found = SuiteJudge("refusal", "refusal", {})
    if found is None:
        names = ", ".join(dict.fromkeys([*(j.name for j in judges), "refusal"]))
        raise UsageError(f"--search-judge {name}: the suite has no judge of this name", cure=f"choose {names}")
    return (found,)


class _Told:
    """Lines on standard error."""

    def __init__(self, wish: Wish) -> None:
        self._wish = wish

    def stage(self, what: str) -> None:
        _say(what)

    def references(self, models: Sequence[ModelMeasures], bounds: Sequence[Bound]) -> None:
        for model in models:
            _say(f"  {model.name:<8} {_measures(model.measures)}")
        for bound in bounds:
            _say(f"  bound    {bound.measure} {'≥' if bound.at_least else '≤'} {100 * bound.limit:.1f} ({bound.rule})")

    def trial(self, trial: Trial, trials: Sequence[Trial]) -> None:
        found = _measures(trial.measures) if trial.measures else f"failed: {trial.error}"
        _say(f"  trial {len(trials)}/{self._wish.limits.n_trials} {_point(trial)}  {found}  {_seconds(trial):.1f} s")


def _seconds(trial: Trial) -> float:
    return trial.propose_s + trial.merge_s + trial.evaluate_s


def _point(trial: Trial) -> str:
    if len(trial.point) > 4:
        return f"({len(trial.point)} weights by {trial.origin})"
    short = {"domain_weight": "λ_d", "alignment_weight": "λ_a"}
    values = (f"{short.get(name, name)} {value:.3f}" for name, value in trial.point.items())
    return f"{' '.join(values)} ({trial.origin})"


def _measures(measures: Measures) -> str:
    named = {
        "knowledge": measures.knowledge,
        "safety": measures.safety,
        "over-refusal": measures.over_refusal,
        "incoherent": measures.incoherent,
        "general": measures.general,
    }
    return ", ".join(f"{name} {100 * score.value:.1f}" for name, score in named.items() if score is not None)


def _show_forecast(found: Forecast, wish: Wish, as_json: bool) -> None:
    from dataclasses import asdict
    from json import dumps

    if as_json:
        typer.echo(dumps({**asdict(found), "total_s": found.total_s}, indent=1))
        return
    typer.echo(
        f"trials       at most {found.n_trials}, {found.merge_s:.2f} s each to plan and merge\n"
        f"evaluations  {found.n_development} of {found.n_items_development} development items,"
        f" {found.development_s:.1f} s each\n"
        f"             {found.n_test} of {found.n_items_test} test items, {found.test_s:.1f} s each\n"
        f"total        about {found.total_s / 3600:.2f} h, beside loading models; nothing was written"
    )
    if wish.limits.max_hours is not None:
        typer.echo(f"             the search ends after {wish.limits.max_hours:g} h at the latest")


def _show(record: StudyRecord, folder: Path) -> None:
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
