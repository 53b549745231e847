"""`mergealign verify` and `mergealign show`: what a merged folder's record says, and whether it still holds."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Annotated, Any

import typer

from ._quantities import parameters, size

__all__ = ["show", "verify"]


def verify(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="A folder written by mergealign merge.")],
    inputs: Annotated[bool, typer.Option("--inputs", help="Also verify the models that were merged.")] = False,
    json_: Annotated[bool, typer.Option("--json", help="Print the result as JSON.")] = False,
) -> None:
    """Recompute the digests of a merged model and name whatever differs from its record.

    Weights, config and tokenizer must be as they were written; an edited README.md is only noted. Digests tell
    corruption, not tampering: whoever can change a file can change the record beside it. Exit code 0: all holds.
    """
    from ..errors import CheckpointError
    from ..merge.verify import bytes_to_verify, read_record
    from ..merge.verify import verify as run
    from ._progress import bytes_progress

    record = read_record(folder)
    with bytes_progress("verifying", bytes_to_verify(record, inputs=inputs)) as progress:
        problems, notes = run(folder, record, inputs=inputs, progress=progress)
    if json_:
        import json

        typer.echo(
            json.dumps({"holds": not problems, "problems": [p.what for p in problems], "notes": notes}, indent=1)
        )
        raise typer.Exit(2 if problems else 0)
    for note in notes:
        typer.echo(f"note: {note}", err=True)
    if problems:
        raise CheckpointError(*problems)
    typer.echo(f"{folder} is as it was written: weights digest {record.output.weights_digest}")


def show(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="A folder written by mergealign merge.")],
    json_: Annotated[bool, typer.Option("--json", help="Print the whole record as JSON.")] = False,
) -> None:
    """Print what a model was merged from, how, when, and with which versions."""
    from ..merge.verify import read_record

    record = read_record(folder)
    if json_:
        typer.echo(record.model_dump_json(indent=1))
        return
    typer.echo(f"merged    {record.created}, in {record.wall_s:.1f} s on {record.threads} threads")
    typer.echo(f"method    {record.recipe['method']}: {_settings(record.recipe['parameters'])}")
    for name, own in _own_parameters(record.recipe):
        typer.echo(f"          {_settings(own)} for {name}")
    for role, model in record.inputs.items():
        revision = f" @ {model.revision}" if model.revision else ""
        typer.echo(f"{role:9} {model.source}{revision}\n          weights digest {model.weights_digest}")
    written = f"{parameters(record.n_parameters)}, {size(record.bytes_written)}"
    typer.echo(f"output    {written}\n          weights digest {record.output.weights_digest}")
    words = f"tokenizer of {record.recipe['tokenizer_from']}, chat template of {record.recipe['chat_template_from']}"
    typer.echo(f"words     {words}")
    typer.echo(f"versions  {', '.join(f'{n} {v}' for n, v in record.versions.items())}")
    for note in record.notes:
        typer.echo(f"note      {note}")


def _settings(parameters: Mapping[str, Any]) -> str:
    return ", ".join(f"{k} = {v}" for k, v in parameters.items())


def _own_parameters(recipe: Mapping[str, Any]) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """The parameters that were given for one model alone, in either dialect; those of slices are in the record."""
    models = recipe.get("models") or {}
    entries = models.items() if isinstance(models, Mapping) else [(entry["model"], entry) for entry in models]
    for model, entry in entries:
        if isinstance(entry, Mapping) and entry.get("parameters"):
            yield model, entry["parameters"]
