"""One lazy registry for all interchangeable parts: the file name is the registry name.

A room of parts (`methods/`, `tasks/`, `judges/`) holds one part per file, and the file defines an object named like
itself. Nothing is imported to list the names. Third parties register through entry points in the group
`mergealign.<room>`; a name that the room already has cannot be taken over.
"""

from __future__ import annotations

import difflib
import importlib
import pkgutil
from collections.abc import Iterable
from importlib.metadata import EntryPoint, entry_points
from typing import Any

from .errors import Problem, RecipeError, UnknownNameError

__all__ = ["Registry", "did_you_mean"]


def did_you_mean(name: str, known: Iterable[str]) -> str:
    """The cure for an unknown name: the nearest known one, or the list of all."""
    known = sorted(known)
    near = difflib.get_close_matches(name.lower(), known, n=1, cutoff=0.5)
    return f"did you mean '{near[0]}'?" if near else f"known: {', '.join(known) or 'none'}"


class Registry:
    """The parts of one room.

    Args:
        room: the package that holds the parts, one file each: "methods", "tasks", "judges".
        kind: what one part is called in messages, e.g. "merge method".
    """

    def __init__(self, room: str, kind: str) -> None:
        self.package = f"mergealign.{room}"
        self.kind = kind

    def _third_party(self) -> dict[str, EntryPoint]:
        return {e.name: e for e in entry_points(group=self.package)}

    def _own(self) -> list[str]:
        path = importlib.import_module(self.package).__path__
        return [m.name for m in pkgutil.iter_modules(path) if not m.name.startswith("_")]

    def names(self) -> list[str]:
        """All registered names, sorted, without importing a part."""
        return sorted({*self._own(), *self._third_party()})

    def get(self, name: str) -> Any:
        """The part called `name`. Raises UnknownNameError with the nearest name."""
        if name in self._own():
            return getattr(importlib.import_module(f"{self.package}.{name}"), name)
        if name in (third := self._third_party()):
            try:
                return third[name].load()
            except (ImportError, AttributeError) as e:
                raise RecipeError(
                    Problem(
                        f"{self.kind} '{name}' from {third[name].value} cannot be loaded: {e}", "repair its package"
                    )
                ) from e
        raise UnknownNameError(Problem(f"unknown {self.kind} '{name}'", did_you_mean(name, self.names())))
