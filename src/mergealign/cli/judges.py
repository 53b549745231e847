"""`mergealign judges`: who can judge, what each labels, and what each takes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from rich.table import Table

__all__ = ["judges"]


def judges(
    name: Annotated[
        str | None, typer.Argument(metavar="NAME", help="One judge, with its parameters.", show_default=False)
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print the list as JSON on stdout.")] = False,
) -> None:
    """List the judges, or show one and the parameters it takes in a suite."""
    from ..judges import JUDGES

    found = [_describe(n) for n in ([name] if name else JUDGES.names())]
    if as_json:
        import json

        typer.echo(json.dumps(found[0] if name else found, indent=2))
        return
    from rich.console import Console

    console = Console()
    if name:
        console.print(found[0]["text"], markup=False, highlight=False)
        console.print(_parameter_table(found[0]["parameters"]))
    else:
        console.print(_judge_table(found))


def _describe(name: str) -> dict[str, Any]:
    """What is known of a judge without making one."""
    import inspect
    import sys

    from ..judges import JUDGES
    from ..recipe.parameters import parameters_model

    part = JUDGES.get(name)
    text = inspect.getdoc(sys.modules[part.__module__]) or inspect.getdoc(part) or ""
    schema = parameters_model(part).model_json_schema()
    required = schema.get("required", [])
    return {
        "name": name,
        "version": part.version,
        "labels": list(part.labels),
        "about": text.partition("\n")[0],
        "text": text,
        "parameters": [
            {"name": key, "type": _type(value), "required": key in required, "default": value.get("default")}
            for key, value in schema.get("properties", {}).items()
        ],
    }


def _type(schema: dict[str, Any]) -> str:
    """A JSON schema in words."""
    if "anyOf" in schema:
        return " or ".join(_type(s) for s in schema["anyOf"])
    if "enum" in schema:
        return " | ".join(map(str, schema["enum"]))
    if schema.get("type") == "object":
        return f"table of {_type(schema.get('additionalProperties') or {})}"
    if schema.get("type") == "array":
        return f"list of {_type(schema.get('items') or {})}"
    return str(schema.get("format") or schema.get("type") or "any")


def _judge_table(found: list[dict[str, Any]]) -> Table:
    from rich.table import Table

    table = Table("judge", "labels", "about")
    for judge in found:
        table.add_row(judge["name"], ", ".join(judge["labels"]), judge["about"])
    return table


def _parameter_table(parameters: list[dict[str, Any]]) -> Table:
    from rich.table import Table

    table = Table("parameter", "type", "default")
    for p in parameters:
        table.add_row(p["name"], p["type"], "required" if p["required"] else str(p["default"]))
    return table
