"""`mergealign methods`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from ..recipe.describe import MethodFacts, ParameterFacts

__all__ = ["methods"]

_BASE = {
    "required": "deltas to a base",
    "optional": "deltas to a base, or whole models without one",
    "ignored": "whole models",
    "endpoint": "a base and another model",
}


def methods(
    name: Annotated[str | None, typer.Argument(help="Explain this one.")] = None,
    json_: Annotated[bool, typer.Option("--json", help="Print the facts as JSON.")] = False,
) -> None:
    """List the merge methods, or explain one: formula, source, and what its parameters may be.

    Example: mergealign methods mergealign
    """
    import json
    from dataclasses import asdict

    from ..recipe.describe import describe_method
    from ..registry import Registry

    registry = Registry("methods", "merge method")
    if name is not None:
        facts = describe_method(registry.get(name), name)
        typer.echo(json.dumps(asdict(facts), indent=1, ensure_ascii=False) if json_ else _explain(facts))
        return
    found = [describe_method(registry.get(n), n) for n in registry.names()]
    if json_:
        typer.echo(json.dumps([asdict(facts) for facts in found], indent=1, ensure_ascii=False))
    else:
        _list(found)


def _list(found: list[MethodFacts]) -> None:
    from rich import box
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    for column in ("method", "what it does", "merges"):
        table.add_column(column)
    for facts in found:
        table.add_row(Text(facts.name), Text(facts.summary), Text(_takes(facts)))
    Console().print(table)


def _takes(facts: MethodFacts) -> str:
    least, most = facts.min_inputs, facts.max_inputs
    number = f"{least} or more" if most is None else f"{least}" if least == most else f"{least} to {most}"
    if facts.base == "endpoint":
        return _BASE["endpoint"]
    return f"{_BASE[facts.base]} ({number})"


def _roles(facts: MethodFacts) -> str:
    if facts.max_inputs is not None and facts.max_inputs < len(facts.roles):
        return f"{facts.max_inputs} of {', '.join(facts.roles)}"
    return ", ".join(facts.roles)


def _explain(facts: MethodFacts) -> str:
    lines = [facts.name, "", *facts.explanation.splitlines(), "", f"merges: {_takes(facts)}"]
    lines.append(f"roles in a native recipe: base and {_roles(facts)}")
    lines.append("parameters:" if facts.parameters else "parameters: none")
    width = max((len(p.name) for p in facts.parameters), default=0)
    return "\n".join([*lines, *(f"  {p.name:{width}}  {_parameter(p)}" for p in facts.parameters)])


def _parameter(parameter: ParameterFacts) -> str:
    default = "required" if parameter.required else f"default {_plain(parameter.default)}"
    return f"{parameter.kind}, {default}{', one per input' if parameter.per_input else ''}"


def _plain(value: Any) -> str:
    """As YAML writes it."""
    import json

    return value if isinstance(value, str) else json.dumps(value)
