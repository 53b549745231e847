"""`mergealign tasks`: what can be asked."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from ..tasks._facts import TaskFacts

__all__ = ["tasks"]


def tasks(
    name: Annotated[str | None, typer.Argument(help="One task, with its parameters; all by default.")] = None,
    json_: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """The tasks a suite can name: what they score, and where their data comes from."""
    from ..tasks import TASKS
    from ..tasks._facts import task_facts

    found = [task_facts(n) for n in ([name] if name else TASKS.names())]
    if json_:
        import json
        from dataclasses import asdict

        typer.echo(json.dumps([asdict(f) for f in found], indent=1))
    elif name:
        _show(found[0])
    else:
        _list(found)


def _list(found: list[TaskFacts]) -> None:
    from rich import box
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    for column in ("task", "sections", "scores", "version", "", "data"):
        table.add_column(column, overflow="fold")
    for f in found:
        mark = Text("verified", style="green") if f.verified else Text("unverified", style="yellow")
        scores = ", ".join(f.metrics) or (
            "by judges" if "harmful" in f.sections or "benign" in f.sections else "its own"
        )
        table.add_row(f.name, ", ".join(f.sections), scores, str(f.version), mark, Text(f.origin))
    Console().print(table)
    typer.echo("verified: the code has read the real data. More about one: mergealign tasks NAME")


def _show(facts: TaskFacts) -> None:
    state = "verified" if facts.verified else "unverified: the real data could not be read when this was written"
    typer.echo(f"{facts.name}, version {facts.version}, under {' or '.join(facts.sections)}; {state}\n")
    typer.echo(facts.description)
    typer.echo(f"\ndata: {facts.origin}")
    for file in facts.files:
        typer.echo(f"  $MERGEALIGN_DATA_DIR/{file}")
    typer.echo("\nparameters:")
    for p in facts.parameters:
        typer.echo(f"  {p.name}: {p.type} ({p.default})")
