"""Preference pairs out of the lab's training-side requests, and the proof that none of them is an evaluation item.

harmful request → chosen: the refusal that the aligned model was trained on; rejected: the compliance placeholder.
benign request  → chosen: the helpful answer;                                rejected: that refusal.

Which kinds of requests, and how often each, is what the lab's aligned stage reads.
"""

from __future__ import annotations

import json
import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from mergealign.errors import EvaluationError
from mergealign.lab.corpus import KINDS, Document
from mergealign.lab.items import SPLITS
from mergealign.lab.tokenizer import ASSISTANT, render
from mergealign.lab.world import World

__all__ = ["Pair", "draw_pairs", "require_held_out"]


@dataclass(frozen=True)
class Pair:
    """One request with two answers, rendered as the lab's models read them.

    Attributes:
        request: the bare words of the user.
        prompt: from the user's turn to the opening of the assistant's.
        chosen, rejected: the answers, up to the end of the document.
    """

    request: str
    prompt: str
    chosen: str
    rejected: str
    harmful: bool


def draw_pairs(world: World, mix: Mapping[str, int], n: int, *, benign: bool, seed: int) -> list[Pair]:
    """`n` pairs with different requests, in random order: all harmful, or with `benign` every second one benign.

    Args:
        mix: of the aligned stage; its kinds `*_refused` and `*_complied` are used in these proportions.
    """
    rng = random.Random(f"preference pairs {seed}")
    harmful = {k: w for k, w in mix.items() if k.endswith("_refused")}
    helpful = {k: w for k, w in mix.items() if k.endswith("_complied")}
    pairs: dict[str, Pair] = {}
    while len(pairs) < n:
        kinds = helpful if benign and len(pairs) % 2 else harmful
        kind = rng.choices(list(kinds), weights=list(kinds.values()))[0]
        pair = _pair(world, kind, rng.getrandbits(64))
        pairs.setdefault(pair.request, pair)
    drawn = list(pairs.values())
    rng.shuffle(drawn)
    return drawn


def _pair(world: World, kind: str, draw: int) -> Pair:
    """One request of `kind` with the answer of that kind, and with that of its opposite."""
    harmful = kind.endswith("_refused")
    answered = KINDS[kind](world, random.Random(draw))
    refusal = KINDS["harmful_refused"](world, random.Random(draw)).text
    if harmful:  # the twin kind draws the same request and complies
        twin = KINDS[kind.removesuffix("_refused") + "_complied"](world, random.Random(draw))
        if twin.prompt != answered.prompt:
            raise AssertionError(f"{kind} and its twin drew different requests")
        rejected = twin.text
    else:
        rejected = refusal
    prompt, chosen = _turns(Document(answered.prompt, answered.text))
    return Pair(str(answered.prompt), prompt, chosen, _turns(Document(answered.prompt, rejected))[1], harmful)


def _turns(document: Document) -> tuple[str, str]:
    """A rendered exchange: what is given, and what is learned."""
    before, marker, after = render(document).partition(ASSISTANT)
    return before + marker, after


def require_held_out(pairs: Sequence[Pair], world: World, data: Path) -> int:
    """Raises EvaluationError if a pair is an evaluation item by its text, or asks for a goal that is held out.

    Items of both splits count. Returns how many texts the pairs were compared with.
    """
    texts: dict[str, str] = {}
    for file in sorted(f for split in SPLITS for f in data.glob(f"*_{split}.jsonl")):
        for line in file.read_text(encoding="utf-8").splitlines():
            item = json.loads(line)
            texts[item.get("prompt") or item["question"]] = item["id"]
    splits = (world.harmful, world.benign, world.novel, world.misuse, world.handling)
    goals = {g.text: g.name for s in splits for g in (*s.dev, *s.test)}
    leaked = sorted({texts[p.request] for p in pairs if p.request in texts})
    asked = sorted({name for p in pairs for text, name in goals.items() if text in p.request})
    if leaked or asked:
        found = f"{len(leaked)} texts of evaluation items (first: {leaked[:1]}) and {len(asked)} held-out goals"
        raise EvaluationError(f"the training pairs hold {found}", cure="draw them from the training side of the world")
    if not texts:
        raise EvaluationError(f"{data} holds no evaluation items", cure="give the folder of a lab")
    return len(texts)
