"""`mergealign evaluate`: score models on a suite."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

__all__ = ["evaluate"]


class SplitName(StrEnum):
    """Which data files of the suite."""

    DEV = "dev"
    TEST = "test"


def evaluate(
    models: Annotated[list[str], typer.Argument(metavar="MODEL…", help="Model folders; name=folder gives a name.")],
    suite: Annotated[Path, typer.Option(help="Suite file: which tasks, which template, which judge.")],
    out: Annotated[Path, typer.Option(help="Where the record is written.")],
    split: Annotated[SplitName, typer.Option(help="dev to choose with, test to report.")] = SplitName.TEST,
    limit: Annotated[int | None, typer.Option(min=1, help="Ask only the first N items of each task.")] = None,
    batch_size: Annotated[int, typer.Option(min=1, help="Sequences per forward pass.")] = 64,
    device: Annotated[str, typer.Option(help="cpu, cuda or cuda:N.")] = "cpu",
    threads: Annotated[int | None, typer.Option(min=1, help="CPU threads; default: all cores.")] = None,
    seed: Annotated[int | None, typer.Option(min=0, help="Of the bootstrap; default: the suite's.")] = None,
    overwrite: Annotated[bool, typer.Option(help="Replace an existing record.")] = False,
    json: Annotated[bool, typer.Option("--json", help="Print the record instead of a table.")] = False,
) -> None:
    """Score models on a suite: knowledge, safety, over-refusal, each with an interval."""
    from ..errors import OutputError
    from ..evaluate.progress import terminal_progress
    from ..evaluate.run import evaluate as run
    from ..models.threads import use_threads
    from ..recipe.suite import read_suite
    from ..record.evaluation import write_eval_record
    from ..report.scores_table import as_rich, scores_table

    if out.exists() and not overwrite:
        raise OutputError(f"{out} exists", cure="choose another name, or add --overwrite")
    folders = _named(models)
    asked = read_suite(suite)
    use_threads(threads)
    with terminal_progress() as progress:
        record = run(
            folders,
            asked,
            split=split.value,
            limit=limit,
            batch_size=batch_size,
            seed=seed,
            device=device,
            progress=progress,
        )
    write_eval_record(record, out, overwrite=overwrite)
    if json:
        typer.echo(record.model_dump_json(indent=1))
        return
    from rich.console import Console

    Console().print(as_rich(scores_table(record)))


def _named(models: list[str]) -> dict[str, Path]:
    """`name=folder` or `folder` → folders by display name. Raises UsageError for a name that occurs twice.

    A folder that exists under all that was given (`runs/w=0.9`) is meant as it is.
    """
    from ..errors import UsageError

    folders: dict[str, Path] = {}
    for given in models:
        name, separator, path = given.partition("=")
        if not separator or Path(given).exists():
            name, path = "", given
        folder = Path(path)
        name = name or folder.resolve().name
        if name in folders:
            raise UsageError(f"two models are called '{name}'", cure=f"name one of them: other={path}")
        folders[name] = folder
    return folders
