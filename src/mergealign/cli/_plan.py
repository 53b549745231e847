"""A plan on the terminal."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ._quantities import parameters, size

if TYPE_CHECKING:
    from ..merge.describe import Group, PlanFacts

__all__ = ["plan_text"]

_SHOWN = 12  # groups; a gradient makes one per layer


def plan_text(facts: PlanFacts) -> str:
    """Models, groups of tensors that are merged alike, and what it will take."""
    width = max(map(len, facts.models), default=0)
    lines = [
        *(f"{label:{width}}  {folder}" for label, folder in facts.models.items()),
        f"method   {facts.method}{f', seed {facts.seed}' if facts.seed is not None else ''}",
        f"tensors  {facts.n_tensors}, {parameters(facts.n_parameters)}",
        *(line for group in facts.groups[:_SHOWN] for line in _group(group)),
    ]
    if len(facts.groups) > _SHOWN:
        lines.append(f"  … and {len(facts.groups) - _SHOWN} more groups (--json shows all)")
    lines += [
        f"bytes    {size(facts.bytes_read)} to read, {size(facts.bytes_written)} to write",
        f"memory   about {size(facts.memory_bytes)} of buffers beside the program itself",
    ]
    if facts.expected_s is not None and facts.read_bytes_per_s is not None:
        speed = f"{size(int(facts.read_bytes_per_s))}/s, measured on a sample of the inputs"
        lines.append(f"time     about {facts.expected_s:.1f} s for reading and writing at {speed}")
    return "\n".join([*lines, *(f"note     {note}" for note in facts.notes)])


def _group(group: Group) -> list[str]:
    names = group.example if group.n_tensors == 1 else f"{group.example} and {group.n_tensors - 1} like it"
    *sources, out = group.dtypes
    how = "copied byte for byte" if group.byte_copy else f"by {group.unit}, {_times(group.most_passes)}"
    return [
        f"  {names}: {parameters(group.n_parameters)}, {how}",
        f"    from {', '.join(f'{s} ({d})' for s, d in zip(group.sources, sources, strict=True))} to {out}",
        *([f"    with {_values(group.parameters)}"] if group.parameters else []),
    ]


def _times(n: int) -> str:
    return "read once" if n == 1 else f"read up to {n} times"


def _values(values: Any) -> str:
    return ", ".join(f"{k} {list(v) if isinstance(v, tuple) else v}" for k, v in values.items())
