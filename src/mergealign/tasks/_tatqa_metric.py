"""How TAT-QA compares answers (Zhu et al., ACL 2021, 2021.acl-long.254): exact match and F1, scale included.

An answer is one or several texts and a scale ("", thousand, million, billion, percent). It becomes one line: its texts
sorted, each number written out to four places after rounding to two and multiplying by the scale (a number with its own
% sign is a percentage already), any other text followed by the scale. Lines are compared word by word in lower case,
without punctuation and articles, numbers as numbers:

    exact match   the lines are the same
    F1            2 P R / (P + R) over the sets of words, rounded to two places; for arithmetic and counting questions
                  it is the exact match

A single number without scale and % is also tried as it stands: 0.2342 is right where the answer is 23.42 percent.
"""

from __future__ import annotations

import math
import re
import string
from dataclasses import dataclass

__all__ = ["SCALES", "Comparison", "TatQaAnswer", "compare"]

SCALES = {"thousand": 10**3, "million": 10**6, "billion": 10**9, "percent": 0.01}

_NOT_IN_NUMBERS = str.maketrans("", "", "'\"\\$€£¥%(),[]")
_PUNCTUATION = str.maketrans("", "", string.punctuation)
_DIGITS = re.compile(r"[+-]?\d+(?:\.\d+)?")
_NUMBER_AND_WORD = re.compile(r"[\d.]+\s?[a-zA-Z]+")
_IN_PARENTHESES = re.compile(r"\([\d.\s]+\)")  # how accountants write negative numbers
_PERCENTAGE = re.compile(r"[\d.\s]+%")
_ARTICLE = re.compile(r"\b(a|an|the)\b")


@dataclass(frozen=True)
class TatQaAnswer:
    """The texts of an answer, and the scale of its numbers."""

    texts: tuple[str, ...]
    scale: str = ""


@dataclass(frozen=True)
class Comparison:
    """What an answer is worth."""

    exact: bool
    f1: float


def compare(given: TatQaAnswer, right: TatQaAnswer, *, is_number: bool) -> Comparison:
    """Compare an answer with the right one; `is_number` marks arithmetic and counting questions."""
    if not given.texts or not right.texts:
        return Comparison(False, 0.0)
    expected = _words(_line(right))
    lines = [_line(given)]
    if len(given.texts) == 1 and not given.scale and "%" not in given.texts[0] and _is_number(given.texts[0]):
        value = _value(given.texts[0])
        lines += [f"{value:.4f}"] if value is not None else []
    found = [(_words(line) == expected, _f1(set(_words(line)), set(expected))) for line in lines]
    exact, f1 = max(found)
    return Comparison(exact, float(exact) if is_number else f1)


def _line(answer: TatQaAnswer) -> str:
    return " ".join(_written(text, answer.scale) for text in sorted(answer.texts))


def _written(text: str, scale: str) -> str:
    """`("1,496.5", "million")` → `1496500000.0000`; `("wages", "million")` → `wages million`."""
    value = _value(text) if _is_number(text) else None
    if value is None:
        return f"{text} {scale}" if scale else text
    return f"{value:.4f}" if "%" in text else f"{round(value, 2) * SCALES.get(scale, 1):.4f}"


def _words(line: str) -> list[str]:
    words: list[str] = []
    for word in line.lower().split():
        bare = word if _is_number(word) else word.translate(_PUNCTUATION)
        value = _value(bare) if _is_number(bare) else None
        words += _ARTICLE.sub(" ", bare if value is None else str(value)).split()
    return words


def _f1(given: set[str], right: set[str]) -> float:
    common = len(given & right)
    precision = common / len(given) if given else 1.0
    recall = common / len(right) if right else 1.0
    return round(2 * precision * recall / (precision + recall), 2) if precision + recall else 0.0


def _is_number(text: str) -> bool:
    """A number, or a number followed by a word of scale: `(1,023)`, `12%`, `1.5 million`."""
    words = text.translate(_NOT_IN_NUMBERS).split()
    try:
        value = float(words[0]) if words else math.nan
    except ValueError:
        return False
    return not math.isnan(value) and (len(words) < 2 or _scale_in(words[1]) != 1)


def _value(text: str) -> float | None:
    digits = _DIGITS.search(text.translate(_NOT_IN_NUMBERS))
    if digits is None:
        return None
    named = _NUMBER_AND_WORD.search(text)
    value = (float(digits[0]) if "." in digits[0] else int(digits[0])) * (_scale_in(named[0]) if named else 1)
    if _IN_PARENTHESES.search(text):
        value = -value
    return round(value * (0.01 if _PERCENTAGE.search(text) else 1), 4)


def _scale_in(text: str) -> float:
    return next((n for word, n in {"hundred": 100, **SCALES}.items() if word in text.lower()), 1)
