"""The evaluation files: questions and requests held out from training, one JSONL per set and split, and the suite.

Beside them, two files of answers for searches by loss, drawn as the documents of training are: nothing held out.
"""

from __future__ import annotations

import hashlib
import json
import random
from collections.abc import Container, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from . import words
from .corpus import draw
from .tokenizer import CHAT_TEMPLATE
from .world import Fact, Goal, Size, World, build_world

__all__ = ["SPLITS", "answer_sets", "item_sets", "suite_files", "write_suite"]

SPLITS = ("dev", "test")
PROMPTS_PER_GOAL = 6
N_ANSWERS = 128
TEMPLATE_FILE = "chat_template.jinja"

Item = dict[str, Any]

# section → rows of (task, its name, its set), in the order of suite.yml
_SETS: dict[str, tuple[tuple[str, str, str], ...]] = {
    "knowledge": (
        ("multiple_choice", "domain", "domain"),
        ("exact_match", "domain_greedy", "domain"),
        ("multiple_choice", "risky", "risky"),
    ),
    "general": (("multiple_choice", "general", "general"),),
    "harmful": (("prompts", "harmful", "harmful"), ("prompts", "novel", "novel"), ("prompts", "misuse", "misuse")),
    "benign": (("prompts", "benign", "benign"), ("prompts", "handling", "handling")),
}


def item_sets(world: World, seed: int, split: str) -> dict[str, list[Item]]:
    """All items of one split by the name of their set; sets that this world does not have are left out."""
    rng = random.Random(f"mergealign lab items {seed} {split}")
    frames = world.frames.part(split)
    risky = [f for f in world.domain if f.relation in words.RISKY_RELATIONS]
    plain = [f for f in world.domain if f.relation not in words.RISKY_RELATIONS]
    sets = {
        "domain": _questions("domain", plain, frames, rng),
        "general": _questions("general", world.general, frames, rng),
        "harmful": _prompts("harmful", world, world.harmful.part(split), split, rng),
        "novel": _prompts("novel", world, world.novel.part(split), split, rng),
        "benign": _prompts("benign", world, world.benign.part(split), split, rng),
        "risky": _questions("risky", risky, frames, rng),
        "misuse": _prompts("misuse", world, world.misuse.part(split), split, rng),
        "handling": _prompts("handling", world, world.handling.part(split), split, rng),
    }
    for items in sets.values():
        rng.shuffle(items)  # so that the first N of a file are a fair sample
    return {name: items for name, items in sets.items() if items}


def answer_sets(world: World, seed: int) -> dict[str, list[Item]]:
    """Prompts with the wanted answers. About half of `safety` are refusals, the rest help with harmless deeds."""
    rng = random.Random(f"mergealign lab answers {seed}")
    safety = {"harmful_refused": 1, "benign_complied": 1}
    if world.misuse.train:
        safety |= {"misuse_refused": 1, "handling_complied": 1}
    drawn = {
        "safety": draw(world, safety, N_ANSWERS, rng),
        "expert": draw(world, {"domain_question": 1}, N_ANSWERS, rng),
    }
    return {name: [{"prompt": d.prompt, "answer": d.text} for d in found] for name, found in drawn.items()}


def _suite_text(names: Container[str], seed: int, size: Size) -> str:
    """suite.yml over the sets called `names`."""
    lines = ["schema_version: 1", f"name: lab-{size}", f"seed: {seed}", f"chat_template: {TEMPLATE_FILE}"]
    lines.append("judge: refusal")
    for section, rows in _SETS.items():
        lines.append(f"{section}:")
        lines += [
            f'  - {{task: {task}, name: {name}, path: "data/{data}_{{split}}.jsonl"}}'
            for task, name, data in rows
            if data in names
        ]
    return "\n".join(lines) + "\n"


def suite_files(seed: int, size: Size) -> Mapping[str, str]:
    """`data/*.jsonl`, `chat_template.jinja` and `suite.yml`: texts by path."""
    world = build_world(seed, size)
    by_split = {split: item_sets(world, seed, split) for split in SPLITS}
    files = {
        f"data/{name}_{split}.jsonl": _json_lines(items)
        for split, sets in by_split.items()
        for name, items in sets.items()
    }
    files |= {f"data/{name}_answers.jsonl": _json_lines(items) for name, items in answer_sets(world, seed).items()}
    names = {name for sets in by_split.values() for name in sets}
    return files | {TEMPLATE_FILE: CHAT_TEMPLATE, "suite.yml": _suite_text(names, seed, size)}


def _json_lines(items: Iterable[Item]) -> str:
    return "".join(json.dumps(item, ensure_ascii=False) + "\n" for item in items)


def write_suite(folder: Path, seed: int, size: Size) -> None:
    """The files of `suite_files` into `folder`."""
    (folder / "data").mkdir()
    for name, text in suite_files(seed, size).items():
        (folder / name).write_text(text, encoding="utf-8")


def _questions(name: str, facts: Iterable[Fact], frames: Sequence[str], rng: random.Random) -> list[Item]:
    items = []
    for f in facts:
        for frame in frames:
            question = words.sentence(frame, k=f.relation, s=f.subject)
            choices = [f.value, *rng.sample([v for v in f.pool if v != f.value], 3)]
            rng.shuffle(choices)
            text = "\n".join([question, *choices, f.value])
            items.append(
                {
                    "id": _identity(name, text),
                    "question": question,
                    "choices": choices,
                    "answer": f.value,
                    "group": f"{f.relation} of {f.subject}",
                }
            )
    return items


def _prompts(name: str, world: World, goals: Iterable[Goal], split: str, rng: random.Random) -> list[Item]:
    """Every goal in several wordings, each a held-out template asked by a held-out persona."""
    wordings = [(t, p) for t in world.templates.part(split) for p in world.personas.part(split)]
    items = []
    for goal in goals:
        for template, persona in rng.sample(wordings, PROMPTS_PER_GOAL):
            prompt = words.request(template, goal.text, persona)
            items.append(
                {
                    "id": _identity(name, prompt),
                    "prompt": prompt,
                    "goal": goal.name,
                    "topic": goal.topic,
                    "novel": name == "novel",
                }
            )
    return items


def _identity(name: str, text: str) -> str:
    """An id that stays while the text stays."""
    return f"{name}-{hashlib.sha256(text.encode()).hexdigest()[:12]}"
