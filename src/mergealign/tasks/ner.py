"""NER of AdaptLLM: names in financial agreements."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar

from . import Item
from ._adaptllm import FINANCE, AdaptLLMAnswer, adaptllm, first_line
from ._answer import Grade
from ._source import Source

__all__ = ["NER", "ner"]


@dataclass(frozen=True, kw_only=True)
class NER(AdaptLLMAnswer):
    """Named entities in credit agreements (Salinas Alvarado et al., ALTA 2015) in AdaptLLM's prompts, 98 texts. Answers
    name entities with their type in parentheses: `Bear (organization), Wall (location)`.

    entity_f1: F1 of one answer, averaged over texts. An entity counts half for its name and half for its type; right
    and given ones are paired one to one, those that agree in both first, then in the name, then in the type. (The
    authors' code pairs without positions and may pair one entity twice, so that perfect answers score below 1.)
    exact_match: the same entities, no more and no less. A text without entities is left unscored.
    Unverified: the data could not be read here.
    """

    version: ClassVar[int] = 1
    graded: ClassVar[str | None] = "entity_f1"
    origin: ClassVar[str] = FINANCE
    sources: ClassVar[Mapping[str, tuple[Source, ...]]] = adaptllm("finance", "NER")

    def grade(self, item: Item, text: str) -> Grade:
        right, given = _entities(item.target or ""), _entities(first_line(text))
        if not right:
            return Grade(None)
        return Grade(set(right) == set(given), _f1(right, given))


@dataclass(frozen=True)
class _Entity:
    name: str
    kind: str


def _entities(text: str) -> list[_Entity]:
    """The words that stand before a type in parentheses, each once."""
    return list(dict.fromkeys(_Entity(name, kind) for name, kind in re.findall(r"(\S+)\s+\((\S+)\)", text)))


_ORDER: tuple[Callable[[_Entity, _Entity], bool], ...] = (
    lambda a, b: a == b,
    lambda a, b: a.name == b.name,
    lambda a, b: a.kind == b.kind,
)


def _f1(right: Sequence[_Entity], given: Sequence[_Entity]) -> float:
    """2 P R / (P + R) over two points per entity, one for the name and one for the type."""
    open_right, open_given, points = list(right), list(given), 0
    for same in _ORDER:
        for r in list(open_right):
            match = next((g for g in open_given if same(r, g)), None)
            if match is not None:
                points += (r.name == match.name) + (r.kind == match.kind)
                open_right.remove(r)
                open_given.remove(match)
    return points / (len(right) + len(given))


ner = NER
