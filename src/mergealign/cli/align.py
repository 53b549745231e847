"""`mergealign align`: check, measure, search, choose, confirm, write."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ._study import SearchLines, say, show_forecast, show_study

if TYPE_CHECKING:
    from ..recipe.suite import SuiteJudge

__all__ = ["NO_CHOICE", "align"]

NO_CHOICE = 3
"""Exit code where no trial satisfies the policy."""
_MODELS, _POLICY, _SEARCH, _RUN = "Models", "What is asked of the merged model", "Search", "Run"


def align(
    context: typer.Context,
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
    objective: Annotated[
        str,
        typer.Option(
            metavar="generation|loss",
            help="Judge trials by what they say to development items, or by the loss on given answers.",
            rich_help_panel=_SEARCH,
        ),
    ] = "generation",
    finalists: Annotated[
        int,
        typer.Option(min=1, help="Trials of a search by loss that answer development items.", rich_help_panel=_SEARCH),
    ] = 4,
    start: Annotated[
        str,
        typer.Option(
            metavar="corners|cocktail", help="Try the LM-Cocktail weights too, or not.", rich_help_panel=_SEARCH
        ),
    ] = "corners",
    temperature: Annotated[
        float, typer.Option(min=1e-3, help="Of the LM-Cocktail weights.", rich_help_panel=_SEARCH)
    ] = 1.0,
    safety_answers: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE",
            help="Prompts with wanted refusals, and look-alikes with wanted help (JSON Lines: prompt, answer).",
            rich_help_panel=_SEARCH,
        ),
    ] = None,
    expert_answers: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE", help="Questions of the domain with the expert's answers, likewise.", rich_help_panel=_SEARCH
        ),
    ] = None,
    alpha: Annotated[
        float,
        typer.Option(min=0, help="Weight of the loss on the expert's answers.", rich_help_panel=_SEARCH),
    ] = 1.0,
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
    from ..tradeoff.pairs import asked_answers, require_use
    from ..tradeoff.place import Place, check_place
    from ..tradeoff.prepare import Wish, prepare
    from ..tradeoff.rules import compared, searched
    from ..tradeoff.search import Limits
    from ._progress import announce_compiling

    if resume and overwrite:
        raise UsageError("--resume and --overwrite contradict each other", cure="leave one of them out")
    answers = asked_answers(objective, start, safety_answers, expert_answers, alpha)
    require_use(objective, start, _given(context))
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
        objective="loss" if objective == "loss" else "generation",
        answers=answers,
        n_finalists=finalists,
        cocktail_temperature=temperature if start == "cocktail" else None,
    )
    use_threads(threads)
    announce_compiling()
    prepared = prepare(wish)
    place = Place(out)
    check_place(place, prepared.folders.values(), resume=resume, overwrite=overwrite)
    for note in prepared.notes:
        say(f"note: {note}")
    if dry_run:
        from ..tradeoff.forecast import forecast

        show_forecast(forecast(prepared), max_hours, as_json=json)
        return
    from ..evaluate.progress import terminal_progress
    from ..tradeoff.align import align as run
    from ._signals import Stopped

    try:
        with terminal_progress() as progress:
            record = run(
                prepared, place, resume=resume, overwrite=overwrite, progress=progress, told=SearchLines(trials)
            )
    except (Stopped, KeyboardInterrupt):
        say(f"the trials so far are kept in {out}: go on with --resume")
        raise
    if json:
        typer.echo(record.model_dump_json(indent=1))
    else:
        show_study(record, place.folder)
    if record.choice.winner is None:
        raise typer.Exit(NO_CHOICE)


def _given(context: typer.Context) -> set[str]:
    """The options that stand in the command line, by their names."""
    return {
        option.opts[0]
        for option in context.command.params
        if option.name and (source := context.get_parameter_source(option.name)) and source.name == "COMMANDLINE"
    }


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
