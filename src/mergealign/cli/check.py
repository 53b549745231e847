"""`mergealign check`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from ..check.run import CheckReport

__all__ = ["check"]

_STYLE = {"ok": "green", "note": "cyan", "warning": "yellow", "error": "bold red"}


def check(
    base: Annotated[str, typer.Option(help="Base checkpoint: folder, or org/name[@revision].")],
    domain: Annotated[str, typer.Option(help="Domain expert, likewise.")],
    aligned: Annotated[str, typer.Option(help="Aligned model, likewise.")],
    tokenizer_from: Annotated[
        str, typer.Option(metavar="aligned|domain|base", help="Whose tokenizer the merge would take.")
    ] = "aligned",
    chat_template_from: Annotated[
        str, typer.Option(metavar="aligned|domain|base|none", help="Whose chat template the merge would take.")
    ] = "aligned",
    allow_unrelated: Annotated[
        bool, typer.Option("--allow-unrelated", help="Take lineage errors as warnings, as a merge would.")
    ] = False,
    json_: Annotated[bool, typer.Option("--json", help="Print the findings as JSON.")] = False,
) -> None:
    """Do three checkpoints belong together? The checks of a merge, as a table; nothing is written.

    Exit code 0: a merge would run. 2: at least one error.
    """
    from ..check.run import check_models, open_models
    from ..recipe.merge import MergeRecipe
    from ..recipe.strict import validate
    from ._progress import announce_compiling

    announce_compiling()
    request = validate(
        {
            "models": {"base": base, "domain": domain, "aligned": aligned},
            "tokenizer_from": tokenizer_from,
            "chat_template_from": chat_template_from,
        },
        MergeRecipe,
        "options",
    ).request("options")
    report = check_models(open_models(request), request, allow_unrelated=allow_unrelated)
    if json_:
        import json

        typer.echo(json.dumps(report.describe(), indent=1))
    else:
        _print(report)
    if report.errors:
        raise typer.Exit(2)


def _print(report: CheckReport) -> None:
    from rich import box
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    for column in ("subject", "", "finding"):
        table.add_column(column)
    for f in report.findings:
        what = Text(f.what)
        if f.cure:
            what.append(f"\n→ {f.cure}", style="dim")
        table.add_row(Text(f.subject), Text(f.level, style=_STYLE[f.level]), what)
    Console().print(table)
