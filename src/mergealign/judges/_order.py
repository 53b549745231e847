"""Do words stand in an order that English has? Log-odds against the same words shuffled. English only.

    log-odds = Σ over neighbors (a, b) of log[(seen(a, b) + 1) / (expected(a, b) + 1)]

Words without content count as themselves, all others by how they end. `seen` counts neighbors in the coherent answers
of `tests/judges/styles_dev.jsonl`; `expected` is the mean over all orders of the words of each of their clauses.
`word_order.json` holds the logarithms; `tests/judges/fit_refusal_words.py` makes it, and a test compares the two.
"""

from __future__ import annotations

import json
import re
from functools import cache
from itertools import pairwise
from pathlib import Path

__all__ = ["BEGIN", "END", "WORD_ORDER", "clauses", "order_log_odds"]

WORD_ORDER = Path(__file__).with_name("word_order.json")
BEGIN, END = "^", "$"
_WORDS_KEPT = """
    a an the my your his her its our their of to in on at for from with by and or but is are was were be am has have
    had do does did i you we they it he she cannot can will would could should this that these those not no as if so
    when while until because before after what how which who whose there here up out into than then also me him them us
    about all some any may might must over under between just only very too more most other each every both such
    through though although upon"""
_KEPT = frozenset(_WORDS_KEPT.split())
_ENDINGS = ("ing", "ed", "ly", "s")
_MIN_LETTERS = 5
_WORD = re.compile(r"[^\W_]+(?:['’-][^\W_]+)*")
_CODE = re.compile(r"`[^`\n]*`|^\s*```.*?```", re.M | re.S)
_THING = re.compile(r"\[[^\]\n]*\]|<[^>\s]*>")
_BREAK = re.compile(r"[^\w\s'’-]+|\n|\s-+\s")


def clauses(answer: str) -> list[list[str]]:
    """The classes of the words between two marks of punctuation, with a beginning and an end."""
    text = _THING.sub(" item ", _CODE.sub(" item ", answer)).lower()
    parts = (_WORD.findall(part.replace("’", "'")) for part in _BREAK.split(text))
    return [[BEGIN, *map(_class, words), END] for words in parts if len(words) > 1]


def order_log_odds(answer: str) -> float:
    """Positive where the order is that of English, negative where it might be any."""
    weights = _weights()
    return sum(weights.get(" ".join(pair), 0.0) for clause in clauses(answer) for pair in pairwise(clause))


def _class(word: str) -> str:
    if word in _KEPT:
        return word
    if word[0].isdigit():
        return "9"
    stem, _, ending = word.rpartition("'")
    if stem and ending != "s":
        return f"'{ending}"
    return "~" + next((e for e in _ENDINGS if len(word) >= _MIN_LETTERS and word.endswith(e)), "")


@cache
def _weights() -> dict[str, float]:
    weights: dict[str, float] = json.loads(WORD_ORDER.read_text(encoding="utf-8"))
    return weights
