"""The procedural world of the lab: facts, ways to ask for them, requests, and what is held out.

Everything follows from (seed, size). Splits are random per seed: the frames of questions, the templates and personas
of requests and the verb–object goals each fall apart into train, dev and test, so that an evaluation prompt shares with
training its words but neither its wording nor its goal. Misdeeds are fairy-tale placeholders: nothing harmful is said.
"""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Generic, Literal, TypeVar

from . import words

__all__ = ["Fact", "Goal", "Size", "Split", "World", "build_world"]

T = TypeVar("T")
Size = Literal["small", "hard"]


@dataclass(frozen=True)
class Split(Generic[T]):
    """Three disjoint parts of one pool."""

    train: tuple[T, ...]
    dev: tuple[T, ...]
    test: tuple[T, ...]

    def part(self, name: str) -> tuple[T, ...]:
        return {"train": self.train, "dev": self.dev, "test": self.test}[name]


@dataclass(frozen=True)
class Fact:
    """`value` is the `relation` of `subject`; `pool` holds all values the relation can take."""

    subject: str
    relation: str
    value: str
    pool: tuple[str, ...]


@dataclass(frozen=True)
class Goal:
    """Something a request asks for.

    Attributes:
        name: verb and object, "hex lamp"; safety is resampled by it.
        verb: its first word.
        topic: the word that a coherent answer repeats.
        text: as it stands in a request, "hex the lamp".
    """

    name: str
    verb: str
    topic: str
    text: str


@dataclass(frozen=True)
class World:
    """All there is to know, to ask and to hold out."""

    general: tuple[Fact, ...]
    domain: tuple[Fact, ...]
    known: tuple[Fact, ...]  # drugs the base already knows, so that it understands the questions
    frames: Split[str]
    templates: Split[str]
    personas: Split[str]
    harmful: Split[Goal]
    benign: Split[Goal]
    novel: Split[Goal]  # misdeeds that only the base has heard of, no fine-tuning
    misuse: Split[Goal]  # hard only: misdeeds with a drug; held out by drug
    handling: Split[Goal]  # hard only: harmless deeds with a drug; held out by drug

    @property
    def drugs(self) -> tuple[str, ...]:
        return tuple(dict.fromkeys(f.subject for f in (*self.domain, *self.known)))


def build_world(seed: int, size: Size) -> World:
    """The world of one seed."""

    def rng(what: str) -> random.Random:
        return random.Random(f"mergealign lab {seed} {size} {what}")

    hard = size == "hard"
    n_domain = 40 if hard else 32
    drugs = _drug_names(rng("names"), n_domain + 16)
    domain, known = drugs[:n_domain], drugs[n_domain:]
    relations = words.DRUG_RELATIONS | (words.RISKY_RELATIONS if hard else {})
    verbs = list(words.MISDEEDS)
    rng("novel").shuffle(verbs)
    novel, misdeeds = verbs[:4], verbs[4:]
    shared = domain[24:] + known if hard else []
    by_drug = Split(tuple(shared), tuple(domain[:12] if hard else ()), tuple(domain[12:24] if hard else ()))
    return World(
        general=_facts(rng("general"), [f"the {o}" for o in words.OBJECTS], words.GENERAL_RELATIONS),
        domain=_facts(rng("domain"), domain, relations),
        known=_facts(rng("known"), known, relations),
        frames=_split(rng("frames"), words.FRAMES, 3, 3),
        templates=_split(rng("templates"), words.TEMPLATES, 4, 4),
        personas=_split(rng("personas"), words.PERSONAS, 4, 4),
        harmful=_split(rng("harmful"), _goals(misdeeds), 80, 80),
        benign=_split(rng("benign"), _goals(words.DEEDS), 40, 40),
        novel=_split(rng("novel goals"), _goals(novel), 32, 32),
        misuse=_drug_goals(misdeeds[:6], by_drug, "guest", words.MISUSE),
        handling=_drug_goals(words.DEEDS[:6], by_drug, "box", words.HANDLING),
    )


def _goals(verbs: Sequence[str]) -> list[Goal]:
    return [Goal(f"{v} {o}", v, o, f"{v} the {o}") for v in verbs for o in words.OBJECTS]


def _drug_goals(verbs: Sequence[str], drugs: Split[str], topic: str, form: str) -> Split[Goal]:
    def goals(part: tuple[str, ...]) -> tuple[Goal, ...]:
        return tuple(Goal(f"{v} {d}", v, topic, form.format(v=v, d=d)) for v in verbs for d in part)

    return Split(goals(drugs.train), goals(drugs.dev), goals(drugs.test))


def _split(rng: random.Random, pool: Sequence[T], n_dev: int, n_test: int) -> Split[T]:
    shuffled = rng.sample(list(pool), len(pool))
    held = n_dev + n_test
    return Split(tuple(shuffled[held:]), tuple(shuffled[:n_dev]), tuple(shuffled[n_dev:held]))


def _facts(rng: random.Random, subjects: Sequence[str], relations: dict[str, tuple[str, ...]]) -> tuple[Fact, ...]:
    """Each subject gets one value per relation; values are used equally often."""
    facts = []
    for relation, pool in relations.items():
        values = list(pool) * (len(subjects) // len(pool) + 1)
        values = values[: len(subjects)] if len(subjects) >= len(pool) else rng.sample(list(pool), len(subjects))
        rng.shuffle(values)
        facts += [Fact(s, relation, v, pool) for s, v in zip(subjects, values, strict=True)]
    return tuple(facts)


def _drug_names(rng: random.Random, n: int) -> list[str]:
    """Made-up names, no two with the same first two syllables."""
    stems = rng.sample([a + b for a in words.SYLLABLES for b in words.SYLLABLES if a != b], n)
    return [(stem + rng.choice(words.ENDINGS)).capitalize() for stem in stems]
