"""`mergealign recipe`."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from ..errors import OutputError

__all__ = ["app"]

app = typer.Typer(help="Recipe files: check one, or get the schema for an editor.", no_args_is_help=True)


class _Dialect(StrEnum):
    NATIVE = "native"
    MERGEKIT = "mergekit"


@app.command()
def check(file: Annotated[Path, typer.Argument(help="A recipe, native or mergekit's.")]) -> None:
    """Is a recipe right, as far as it shows without opening a model?

    Exit code 0: yes. 2: no; everything that is wrong is named.
    """
    from ..recipe.merge import read_recipe

    request = read_recipe(file).request()
    for note in request.notes:
        typer.echo(f"note: {note}", err=True)
    typer.echo(f"{file}: a {request.dialect} recipe for {request.method} of {', '.join(request.models.values())}")


@app.command()
def schema(
    dialect: Annotated[_Dialect, typer.Option(help="Of which recipes.")] = _Dialect.NATIVE,
    out: Annotated[Path | None, typer.Option(help="The file to write (default: standard output).")] = None,
) -> None:
    """The JSON schema of recipes, with the parameters of every method, for editors that read YAML.

    Example: mergealign recipe schema --out recipe.schema.json
    """
    import json

    from ..recipe.schema import recipe_schema

    text = json.dumps(recipe_schema(dialect.value), indent=1, ensure_ascii=False)
    if out is None:
        typer.echo(text)
        return
    try:
        with out.open("x", encoding="utf-8") as file:
            file.write(text + "\n")
    except FileExistsError as e:
        raise OutputError(f"{out} exists", cure="choose another name, or remove it") from e
    except OSError as e:
        raise OutputError(f"cannot write {out}: {e.strerror}", cure="choose a place that can be written") from e
