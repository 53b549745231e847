"""`mergealign push`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

__all__ = ["push"]


def push(
    folder: Annotated[Path, typer.Argument(help="A merged model.")],
    repo: Annotated[str, typer.Argument(metavar="ORG/NAME", help="Where to: created if it does not exist.")],
    private: Annotated[bool, typer.Option("--private", help="Create it private.")] = False,
    revision: Annotated[
        str | None, typer.Option(metavar="BRANCH", help="Branch, created if needed (default: main).")
    ] = None,
    message: Annotated[str | None, typer.Option(metavar="TEXT", help="Of the commit.")] = None,
    json_: Annotated[bool, typer.Option("--json", help="Print address, commit and files as JSON.")] = False,
) -> None:
    """Upload a merged model and its card to the Hub, in one commit.

    The token is read from the environment variable HF_TOKEN.

    Example: mergealign push safe-expert my-org/safe-expert --private
    """
    import json
    from dataclasses import asdict

    from ..checkpoint.push import push_folder

    pushed = push_folder(folder.expanduser(), repo, private=private, revision=revision, message=message)
    if json_:
        typer.echo(json.dumps(asdict(pushed), indent=1))
        return
    for name in pushed.deleted:
        typer.echo(f"note: removed {name}, which this model does not have", err=True)
    typer.echo(f"pushed {len(pushed.files)} files → {pushed.url}\ncommit {pushed.commit}")
