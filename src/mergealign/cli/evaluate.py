"""`mergealign evaluate`: score models on a suite."""

from __future__ import annotations

import contextlib
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from ..evaluate.cache import Cache
    from ..evaluate.estimate import Estimate
    from ..evaluate.subjects import Source
    from ..record.evaluation import EvalRecord

__all__ = ["evaluate"]

CACHE = ".cache.sqlite"


class SplitName(StrEnum):
    """Which data files of the suite."""

    DEV = "dev"
    TEST = "test"


def evaluate(
    models: Annotated[
        list[str],
        typer.Argument(metavar="MODEL…", help="Folders, or http://host/v1#MODEL; name=… gives a name."),
    ],
    suite: Annotated[
        str, typer.Option(help="Which tasks, template and judges: a shipped suite by name, a file, or a lab's folder.")
    ],
    out: Annotated[
        Path | None, typer.Option(help="Where the record is written; answers.jsonl comes beside it.")
    ] = None,
    split: Annotated[SplitName, typer.Option(help="dev to choose with, test to report.")] = SplitName.TEST,
    limit: Annotated[int | None, typer.Option(min=1, help="Ask only the first N items of each task.")] = None,
    tasks: Annotated[
        list[str] | None, typer.Option(help="Ask only these tasks: names, with commas or repeated.")
    ] = None,
    batch_size: Annotated[int, typer.Option(min=1, help="Sequences per forward pass.")] = 64,
    device: Annotated[str, typer.Option(help="cpu, cuda or cuda:N.")] = "cpu",
    threads: Annotated[int | None, typer.Option(min=1, help="CPU threads; default: all cores.")] = None,
    seed: Annotated[int | None, typer.Option(min=0, help="Of the bootstrap; default: the suite's.")] = None,
    cache: Annotated[Path | None, typer.Option(help=f"Where answers are kept; default: {CACHE} beside --out.")] = None,
    no_cache: Annotated[bool, typer.Option("--no-cache", help="Keep no answers, use none that were kept.")] = False,
    identity: Annotated[
        str | None, typer.Option(help="Your word for the weights behind the endpoints: keeps answers beyond this run.")
    ] = None,
    concurrency: Annotated[int, typer.Option(min=1, help="Requests at a time, to an endpoint.")] = 16,
    timeout: Annotated[float, typer.Option(min=1, help="Seconds to wait for one answer of an endpoint.")] = 600.0,
    api_key_env: Annotated[str, typer.Option(help="Environment variable with the endpoint's key.")] = "OPENAI_API_KEY",
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Count prompts and tokens, estimate the time.")] = False,
    overwrite: Annotated[bool, typer.Option(help="Replace an existing record.")] = False,
    markdown: Annotated[bool, typer.Option("--markdown", help="Print the table for a model card.")] = False,
    json: Annotated[bool, typer.Option("--json", help="Print the record instead of a table.")] = False,
) -> None:
    """Score models on a suite: knowledge, safety, over-refusal, each with an interval.

    A run that was stopped goes on where it was when the same command is given again.
    """
    from ..errors import UsageError
    from ..evaluate.answers import answers_file
    from ..evaluate.cache import Cache
    from ..evaluate.progress import terminal_progress
    from ..evaluate.run import checked_plan
    from ..evaluate.run import evaluate as run
    from ..evaluate.subjects import Serving
    from ..models.threads import use_threads
    from ..recipe.find_suite import find_suite
    from ..recipe.suite import read_suite
    from ..record.evaluation import write_eval_record

    if out is None and not dry_run:
        raise UsageError("--out is missing", cure="say where the record is to be written: --out scores.json")
    if cache is not None and no_cache:
        raise UsageError("--cache and --no-cache contradict each other", cure="leave one of them out")
    if out is not None and not dry_run:
        _require_free(out, overwrite)
    sources = _named(models)
    asked = read_suite(find_suite(suite))
    only = [name for given in tasks or () for name in given.split(",") if name]
    serving = Serving(concurrency=concurrency, timeout_s=timeout, api_key_env=api_key_env, identity=identity)
    use_threads(threads)
    if dry_run or out is None:
        from ..evaluate.estimate import estimate

        todo = checked_plan(sources, asked, split=split.value, limit=limit, tasks=only, serving=serving, device=device)
        _show_estimate(estimate(sources, todo, batch_size=batch_size, device=device, serving=serving), json)
        return
    name = str(out.resolve())
    kept: contextlib.AbstractContextManager[Cache | None] = (
        contextlib.nullcontext() if no_cache else Cache(cache or out.with_name(CACHE))
    )
    with kept as store, terminal_progress() as progress:
        record = run(
            sources,
            asked,
            split=split.value,
            limit=limit,
            tasks=only,
            batch_size=batch_size,
            seed=seed,
            device=device,
            serving=serving,
            cache=store,
            run=store.begin_run(name) if store else None,
            answers=answers_file(out),
            progress=progress,
        )
        write_eval_record(record, out, overwrite=overwrite)
        if store:
            store.end_run(name)
    _show(record, markdown, json)


def _require_free(out: Path, overwrite: bool) -> None:
    from ..errors import OutputError
    from ..evaluate.answers import answers_file

    for file in (out, answers_file(out)):
        if file.exists() and not overwrite:
            raise OutputError(f"{file} exists", cure="choose another name for --out, or add --overwrite")


def _show(record: EvalRecord, markdown: bool, json: bool) -> None:
    from ..report.scores_table import as_markdown, as_rich, scores_table

    if json:
        typer.echo(record.model_dump_json(indent=1))
    elif markdown:
        typer.echo(as_markdown(scores_table(record)), nl=False)
    else:
        from rich.console import Console

        Console().print(as_rich(scores_table(record)))


def _show_estimate(found: Estimate, json: bool) -> None:
    from dataclasses import asdict
    from json import dumps

    if json:
        typer.echo(dumps({**asdict(found), "total_s": found.total_s}, indent=1))
        return
    from rich.console import Console
    from rich.table import Table

    table = Table("task", box=None)
    for heading in ("prompts", "tokens read", "tokens written, at most", "model", "judges"):
        table.add_column(heading, justify="right")
    for t in found.tasks:
        read = "–" if t.n_tokens is None else f"{t.n_tokens:,}"
        table.add_row(t.name, f"{t.n_items:,}", read, f"{t.n_new_tokens:,}", _duration(t.model_s), _duration(t.judge_s))
    Console().print(table)
    models = "1 model" if found.n_models == 1 else f"{found.n_models} models like '{found.probed}'"
    typer.echo(f"about {_duration(found.total_s)} for {models}, beside loading; nothing was written")


def _duration(seconds: float) -> str:
    """`42 s`, `7 min`, `3.5 h`."""
    if seconds < 100:
        return f"{seconds:.1f} s" if seconds < 9.95 else f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 100 * 60 else f"{seconds / 3600:.1f} h"


def _named(models: list[str]) -> dict[str, Any]:
    """`name=source` or `source` → folders and endpoints by display name. Raises UsageError for a name given twice.

    A folder that exists under all that was given (`runs/w=0.9`) is meant as it is.
    """
    from ..errors import UsageError

    sources: dict[str, Source] = {}
    for given in models:
        name, separator, place = given.partition("=")
        if not separator or _is_url(given) or Path(given).exists():
            name, place = "", given
        source, own_name = _source(place)
        name = name or own_name
        if name in sources:
            raise UsageError(f"two models are called '{name}'", cure=f"name one of them: other={place}")
        sources[name] = source
    return sources


def _source(place: str) -> tuple[Source, str]:
    """A folder or an endpoint, and what it is called if the user gives no name."""
    if not _is_url(place):
        return Path(place), Path(place).resolve().name
    from ..models.openai import Endpoint

    endpoint = Endpoint.parse(place)
    return endpoint, endpoint.model or "endpoint"


def _is_url(text: str) -> bool:
    return text.startswith(("http://", "https://"))
