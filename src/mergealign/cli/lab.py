"""`mergealign lab`: a tiny real model family, trained on this machine."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from ..lab.build import Progress, Step

__all__ = ["app", "lab_progress"]

app = typer.Typer(
    help="A tiny model family to try everything on. It shows that the code works, nothing about large models.",
    no_args_is_help=True,
)


class Size(StrEnum):
    """Which world to build."""

    small = "small"
    hard = "hard"


@app.callback()
def _lab() -> None:
    """Keeps `build` a subcommand while it is the only one."""


@app.command()
def build(
    out: Annotated[Path, typer.Option(help="Folder to make. The same lab there is reused, anything else refused.")],
    seed: Annotated[int, typer.Option(min=0, help="Decides facts, splits, weights and the order of documents.")] = 0,
    size: Annotated[
        Size, typer.Option(help="small: refusals and knowledge merge easily; hard: they compete.")
    ] = Size.small,
    threads: Annotated[
        int | None, typer.Option(min=1, help="Threads for the base model; at most 2 unless given.", show_default=False)
    ] = None,
    guard: Annotated[
        bool, typer.Option(help="Also train a tiny guard model that judges answers, into OUT/guard.")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print a summary as JSON on stdout.")] = False,
) -> None:
    """Train base, domain expert and aligned sibling from scratch, with the questions and requests that test them."""
    from ..lab.build import build_lab
    from ..lab.guard import build_guard

    with lab_progress() as progress:
        lab = build_lab(out, seed=seed, size=size.value, threads=threads, progress=progress)
        if guard:
            build_guard(lab.guard, seed=seed, size=size.value, progress=progress)
    if as_json:
        summary = {
            "path": str(lab.path),
            "reused": lab.reused,
            "models": {"base": str(lab.base), "domain": str(lab.domain), "aligned": str(lab.aligned)},
            **({"guard": str(lab.guard)} if guard else {}),
            "suite": str(lab.suite),
            "lab": lab.record.model_dump(mode="json"),
        }
        typer.echo(json.dumps(summary, indent=2))
    else:
        parts = "base, domain, aligned, guard" if guard else "base, domain, aligned"
        typer.echo(f"{'reused' if lab.reused else 'built'} {lab.path}: {parts}, suite.yml")


@contextmanager
def lab_progress() -> Iterator[Progress]:
    """Bars on a terminal (stage, step, loss, time left); elsewhere one line on stderr per finished stage."""
    if not sys.stderr.isatty():
        yield _print_last
        return
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeRemainingColumn
    from rich.progress import Progress as Bars

    bars = Bars(
        TextColumn("{task.description:<8}"),
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn("loss {task.fields[loss]:.3f}"),
        TimeRemainingColumn(),
        console=Console(stderr=True),
    )
    tasks: dict[str, object] = {}

    def show(step: Step) -> None:
        if step.stage not in tasks:
            tasks[step.stage] = bars.add_task(step.stage, total=step.steps, loss=step.loss)
        bars.update(tasks[step.stage], completed=step.step, loss=step.loss)  # type: ignore[arg-type]

    with bars:
        yield show


def _print_last(step: Step) -> None:
    if step.step == step.steps:
        print(f"lab: {step.stage} trained, {step.steps} steps, loss {step.loss:.3f}", file=sys.stderr)
