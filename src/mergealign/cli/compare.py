"""`mergealign compare`: is one model better than another, or was it chance?"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

__all__ = ["compare"]


def compare(
    a: Annotated[Path, typer.Argument(metavar="A.json", help="Record of `mergealign evaluate`.")],
    b: Annotated[Path | None, typer.Argument(metavar="[B.json]", help="Another one; default: the same.")] = None,
    model_a: Annotated[str | None, typer.Option("--a", help="Which model of A.json, if it holds several.")] = None,
    model_b: Annotated[str | None, typer.Option("--b", help="Which model of B.json, if it holds several.")] = None,
    seed: Annotated[int, typer.Option(min=0, help="Of the bootstrap.")] = 0,
    markdown: Annotated[bool, typer.Option("--markdown", help="Print the table as Markdown.")] = False,
    json: Annotated[bool, typer.Option("--json", help="Print the comparison as JSON.")] = False,
) -> None:
    """Compare two models item by item: B minus A, with intervals and exact tests.

    Both must have been asked the same suite, data and split, and judged by the same judges.
    """
    from ..evaluate.compare import compare as run
    from ..evaluate.compare import pick
    from ..record.evaluation import read_eval_record
    from ..report.comparison_table import comparison_table
    from ..report.scores_table import as_markdown, as_rich

    file_b = b or a
    first = pick(a, read_eval_record(a), model_a, "--a")
    found = run(first, pick(file_b, read_eval_record(file_b), model_b, "--b"), seed=seed)
    if json:
        typer.echo(found.model_dump_json(indent=1))
    elif markdown:
        typer.echo(as_markdown(comparison_table(found)), nl=False)
    else:
        from rich.console import Console

        Console().print(as_rich(comparison_table(found)))
