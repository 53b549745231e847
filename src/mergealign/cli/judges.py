"""`mergealign judges`: who can judge, what each labels, and what each takes."""

from __future__ import annotations

from typing import Annotated, Any

import typer

__all__ = ["judges"]


def judges(
    name: Annotated[str | None, typer.Argument(help="One judge, with its parameters; all by default.")] = None,
    json_: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """The judges a suite can name: what each labels, and what it takes."""
    from ..judges import JUDGES

    found = [_facts(n) for n in ([name] if name else JUDGES.names())]
    if json_:
        import json

        typer.echo(json.dumps(found, indent=1))
    elif name:
        _show(found[0])
    else:
        _list(found)


def _facts(name: str) -> dict[str, Any]:
    """What is known of a judge without making one."""
    import inspect
    import sys

    from ..judges import JUDGES
    from ..recipe.parameters import parameters_model

    part = JUDGES.get(name)
    schema = parameters_model(part).model_json_schema()
    meanings = _attributes(part)
    return {
        "name": name,
        "version": part.version,
        "labels": list(part.labels),
        "description": inspect.getdoc(sys.modules[part.__module__]) or inspect.getdoc(part) or "",
        "parameters": [
            {
                "name": key,
                "type": _type(value),
                "required": key in schema.get("required", []),
                "default": value.get("default"),
                "meaning": meanings.get(key, ""),
            }
            for key, value in schema.get("properties", {}).items()
        ],
    }


def _attributes(part: type) -> dict[str, str]:
    """The `Attributes:` of the docstrings of a class and those it is made from, by name."""
    import inspect
    import re

    found: dict[str, str] = {}
    for cls in reversed(part.__mro__):
        listed = inspect.cleandoc(cls.__doc__ or "").partition("Attributes:\n")[2]
        entries = re.findall(r"^    (\w+): (.+(?:\n {5,}.+)*)", listed, re.MULTILINE)
        found |= {key: " ".join(text.split()) for key, text in entries}
    return found


def _type(schema: dict[str, Any]) -> str:
    """A JSON schema in words."""
    if "anyOf" in schema:
        return " or ".join(_type(s) for s in schema["anyOf"] if s.get("type") != "null")
    if "enum" in schema:
        return " | ".join(map(str, schema["enum"]))
    if schema.get("type") == "object":
        return f"table of {_type(schema.get('additionalProperties') or {})}"
    if schema.get("type") == "array":
        return f"list of {_type(schema.get('items') or {})}"
    return str(schema.get("format") or schema.get("type") or "any")


def _list(found: list[dict[str, Any]]) -> None:
    from rich import box
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    for column in ("judge", "labels", "version", ""):
        table.add_column(column, overflow="fold")
    for f in found:
        about = Text(f["description"].partition("\n")[0])
        table.add_row(f["name"], ", ".join(f["labels"]), str(f["version"]), about)
    Console().print(table)
    typer.echo("More about one: mergealign judges NAME")


def _show(facts: dict[str, Any]) -> None:
    typer.echo(f"{facts['name']}, version {facts['version']}, labels {' and '.join(facts['labels'])}\n")
    typer.echo(facts["description"])
    typer.echo("\nparameters:" if facts["parameters"] else "\nno parameters")
    for p in facts["parameters"]:
        default = "required" if p["required"] else "none" if p["default"] is None else p["default"]
        typer.echo(f"  {p['name']}: {p['type']} ({default})")
        if p["meaning"]:
            typer.echo(f"      {p['meaning']}")
