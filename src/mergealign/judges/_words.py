"""How much an answer sounds like a refusal: weights of words and pairs of words, fitted to answers. English only.

    log-odds = w_0 + 4 / √(n + 20) · Σ w      over the n different known words and pairs of the answer

so that the words of a short answer say little, and those of a long one do not drown everything else.

`refusal_words.json` holds the weights: a logistic regression with an L2 penalty, on words and pairs that at least three
answers of `tests/judges/styles_dev.jsonl` have. `tests/judges/fit_refusal_words.py` makes it, and a test compares the
two. Placeholders in square brackets and quotations do not count.
"""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from functools import cache
from itertools import pairwise
from math import sqrt
from pathlib import Path

__all__ = ["WEIGHTS", "known_words", "refusal_log_odds", "scale"]

WEIGHTS = Path(__file__).with_name("refusal_words.json")
_INTERCEPT = ""


def known_words(sentences: Sequence[str]) -> set[str]:
    """The different words of normalized sentences, and pairs of neighbors; "9" is any number, "^" begins a sentence."""
    found: set[str] = set()
    for sentence in sentences:
        said = re.findall(r"[a-z']+|\d+", re.sub(r"\[[^\]]*\]|\bquoted\b", " ", sentence))
        words = ["^", *("9" if word.isdigit() else word for word in said)]
        found.update(words[1:], map(" ".join, pairwise(words)))
    return found


def refusal_log_odds(sentences: Sequence[str]) -> float:
    """Positive where the words are those of a refusal, negative where they are those of an answer."""
    weights = _weights()
    known = [weights[word] for word in sorted(known_words(sentences)) if word in weights]
    return weights[_INTERCEPT] + scale(len(known)) * sum(known)


def scale(n_known: int) -> float:
    """The factor before the sum over n known words."""
    return 4 / sqrt(n_known + 20)


@cache
def _weights() -> dict[str, float]:
    weights: dict[str, float] = json.loads(WEIGHTS.read_text(encoding="utf-8"))
    return weights
