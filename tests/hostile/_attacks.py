"""The attacks of this folder: one idea per file.

A file defines `attack(folder)`, which breaks a good model folder in place, and `EXPECT`, what the refusal must say. By
default the domain model is attacked before the command starts; `ROLE` and `WHEN` say otherwise.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

__all__ = ["AFTER_PLANNING", "ATTACKS", "Attack", "load"]

AFTER_PLANNING = "after planning"
ATTACKS = sorted(
    f.stem for f in Path(__file__).parent.glob("*.py") if not f.stem.startswith(("_", "test_")) and f.stem != "conftest"
)


@dataclass(frozen=True)
class Attack:
    """One idea: what it is, whom it hits when, and what must be said about it."""

    name: str
    idea: str
    attack: Callable[[Path], None]
    expect: tuple[str, ...]
    role: str
    when: str


def load(name: str) -> Attack:
    module = importlib.import_module(f"{__package__}.{name}")
    return Attack(
        name,
        module.__doc__ or "",
        module.attack,
        module.EXPECT,
        getattr(module, "ROLE", "domain"),
        getattr(module, "WHEN", "before"),
    )
