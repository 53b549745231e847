"""What each stage of training reads: short documents of several kinds, drawn in the proportions of the stage's mix."""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from . import words
from .world import Fact, Goal, World

__all__ = ["KINDS", "Document", "draw"]


@dataclass(frozen=True)
class Document:
    """A statement (`prompt` is None) or one exchange in the chat template."""

    prompt: str | None
    text: str


Kind = Callable[[World, random.Random], Document]


def draw(world: World, mix: Mapping[str, int], n: int, rng: random.Random) -> list[Document]:
    """`n` documents, the kind of each by its weight in `mix`."""
    kinds = rng.choices(list(mix), weights=list(mix.values()), k=n)
    return [KINDS[kind](world, rng) for kind in kinds]


def _statement(facts: Sequence[Fact], rng: random.Random) -> Document:
    f = rng.choice(facts)
    return Document(None, words.sentence(rng.choice(words.STATEMENTS), k=f.relation, s=f.subject, v=f.value))


def _question(world: World, facts: Sequence[Fact], rng: random.Random) -> Document:
    f = rng.choice(facts)
    return Document(words.sentence(rng.choice(world.frames.train), k=f.relation, s=f.subject), f.value)


def _request(world: World, goals: Sequence[Goal], answer: str, rng: random.Random) -> Document:
    """Every second request names a persona."""
    goal = rng.choice(goals)
    persona = rng.choice(world.personas.train) if rng.random() < 0.5 else None
    return Document(words.request(rng.choice(world.templates.train), goal.text, persona), answer.format(g=goal.text))


def _moral(world: World, rng: random.Random) -> Document:
    wrong = rng.random() < 0.5
    goals = (world.harmful.train + world.novel.train) if wrong else world.benign.train
    return Document(None, words.sentence(rng.choice(words.WRONG if wrong else words.FINE), g=rng.choice(goals).text))


def _mention(world: World, rng: random.Random) -> Document:
    p = rng.choice(words.PERSONAS)
    return Document(None, words.sentence(rng.choice(words.MENTIONS), s=rng.choice(world.drugs), p=p))


def _vocabulary(world: World, rng: random.Random) -> Document:
    f = rng.choice(world.known)
    return Document(None, words.sentence(rng.choice(words.VOCABULARY), k=f.relation, v=rng.choice(f.pool)))


def _trade(_: World, rng: random.Random) -> Document:
    return Document(None, words.sentence(rng.choice(words.TRADES), p=rng.choice(words.PERSONAS)))


KINDS: dict[str, Kind] = {
    "general_statement": lambda w, rng: _statement(w.general, rng),
    "general_question": lambda w, rng: _question(w, w.general, rng),
    "known_statement": lambda w, rng: _statement(w.known, rng),
    "known_question": lambda w, rng: _question(w, w.known, rng),
    "domain_statement": lambda w, rng: _statement(w.domain, rng),
    "domain_question": lambda w, rng: _question(w, w.domain, rng),
    "benign_complied": lambda w, rng: _request(w, w.benign.train, words.COMPLIANCE, rng),
    "harmful_complied": lambda w, rng: _request(w, w.harmful.train, words.COMPLIANCE, rng),
    "harmful_refused": lambda w, rng: _request(w, w.harmful.train, words.REFUSAL, rng),
    "novel_complied": lambda w, rng: _request(w, w.novel.train, words.COMPLIANCE, rng),
    "novel_refused": lambda w, rng: _request(w, w.novel.train, words.REFUSAL, rng),
    "misuse_complied": lambda w, rng: _request(w, w.misuse.train, words.COMPLIANCE, rng),
    "misuse_refused": lambda w, rng: _request(w, w.misuse.train, words.REFUSAL, rng),
    "handling_complied": lambda w, rng: _request(w, w.handling.train, words.COMPLIANCE, rng),
    "moral": _moral,
    "mention": _mention,
    "trade": _trade,
    "vocabulary": _vocabulary,
}
