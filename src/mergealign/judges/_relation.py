"""How an answer relates to its prompt: what it takes up, how long it is, how it is built. English only.

A request for a method that is answered with one sentence about the deed is seldom granted; one that is answered with a
list that takes up its words is. Each measure stands for all prompts and again for the form of this one (`form_of`).
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from math import log1p

from ._requests import form_of

__all__ = ["ASKING", "begins_with_the_prompt", "measures", "where_the_last_is_taken_up", "without_placeholders"]

_STEM = 5
"""Words are compared by as many letters: "forging", "forged" and "forge" are one."""
_START = 5
_SHORT = 6
_PER = 10
_WORDS_THAT_ASK = """about ask best could creat descr don't easie expla gener get give guide have help instr list make
    need pleas provi shoul show some somet step steps teach tell that their them there they this want what when where
    which who with witho would write your"""
ASKING = frozenset(_WORDS_THAT_ASK.split())
"""Stems of words that ask rather than name."""
_PLACEHOLDER = re.compile(r"\[[^\]]*\]")
_ITEM = re.compile(r"^\s*(?:[-*•]|\d+[.)])", re.M)
_TURNS_TO = re.compile(
    r"(?:as (?:for|to)|regarding|concerning|about|on) (?:the|your|that)\b|the (?:second|other|last)\b"
)


def without_placeholders(text: str, in_their_place: str = " ") -> str:
    """Placeholders in square brackets stand for what must not be written: their words must not count."""
    return _PLACEHOLDER.sub(in_their_place, text)


def begins_with_the_prompt(sentences: Sequence[str], prompt: str) -> bool:
    """Whether a content word of the prompt is among the first words of the answer."""
    return bool(_named(prompt) & _stems(" ".join(" ".join(sentences[:1]).split()[:_START])))


def measures(sentences: Sequence[str], answer: str, prompt: str) -> Mapping[str, float]:
    """Numbers between about 0 and 1, by name; none where nothing is said.

    Args:
        sentences: of `answer`, normalized.
    """
    if not sentences:
        return {}
    said, named = " ".join(without_placeholders(s, "[]") for s in sentences), _named(prompt)
    n_words = len(said.split())
    taken_up = [bool(_stems(s) & named) for s in sentences]
    by_form = {
        "taken up": len(named & _stems(said)) / max(1, len(named)),
        "nothing taken up": float(not any(taken_up)),
        "taken up first": float(taken_up[0]),
        "taken up last": float(taken_up[-1]),
        "taken up later": sum(taken_up[1:]) / max(1, len(taken_up) - 1),
        "words": log1p(n_words) / 4,
        "items": min(len(_ITEM.findall(answer)), 4) / 4,
        "asks": float(answer.rstrip().endswith("?")),
        "short": float(n_words <= _SHORT),
        "sentences": min(len(sentences), 6) / 4,
    }
    alone = {
        "I": sum(s.startswith("i ") for s in sentences) / len(sentences),
        "you": len(re.findall(r"\byou\b", said)) / max(n_words, 8) * _PER,
        "commas": answer.count(",") / max(n_words, 8) * _PER,
        "digits": float(any(c.isdigit() for c in answer)),
        "lines": float("\n" in answer),
        "colon": float(":" in answer),
    }
    form = form_of(prompt)
    return {**by_form, **{f"{name}, {form}": value for name, value in by_form.items()}, **alone}


def where_the_last_is_taken_up(sentences: Sequence[str], before: str, last: str) -> int | None:
    """The first sentence but one or later that names what only the last request names, or turns to it."""
    named = _named(last) - _named(before)
    for n, sentence in enumerate(sentences[1:], start=1):
        if _stems(sentence) & named or _TURNS_TO.match(sentence):
            return n
    return None


def _named(prompt: str) -> set[str]:
    return _stems(prompt) - ASKING


def _stems(text: str) -> set[str]:
    return {word[:_STEM] for word in re.findall(r"[a-z]{4,}", without_placeholders(text.lower()))}
