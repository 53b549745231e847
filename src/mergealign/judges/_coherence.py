"""Is an answer language at all? English only.

Found: nothing said, symbols, made-up words, word salad, words said twice, loops, a beginning without an end.
"""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from itertools import pairwise

__all__ = ["broken"]


def _set(words: str) -> frozenset[str]:
    return frozenset(words.split())


_DETERMINERS = _set("a an the my your his her its our their")
_NEVER_AFTER_DETERMINER = _DETERMINERS | _set(
    """of to in on at for from with by and or but is are was were be am has have had do does i you we they it he she
    cannot will would can could should"""
)
_FUNCTION = _NEVER_AFTER_DETERMINER | _set(
    """this that these those not no as if so when what how which who there here up out into than then also me him them
    us about all some any may must"""
)
_FINITE = _set("is are was were am has had does did")
_NEVER_BEFORE_FINITE = _FINITE | _set("of nor because if or an the") - {"did", "does"}
_NEVER_LAST = _set(
    """a also am an and are as be but cannot could does from had has have her here his i i'd i'll if into is its may
    must my of or our should than that the their then to was were where which will would your"""
)
_DANGLING = re.compile(
    rf"\b(?:the|a|an|and|or|my|your|their|its|(?:{'|'.join(sorted(_FUNCTION))}) of)\s*[.,;!?](?=\s|$)", re.I
)
_OPENING = re.compile(
    r"(?:sure|certainly|of course|absolutely|yes|okay|ok|great|hi|hello|hey|thank\w*|happy to help"
    r"|i(?:'d| would| am|'m) (?:be )?(?:more than )?(?:happy|glad)\b.*|subject\b.*|dear .*|#+\s*\w*)$",
    re.I,
)
_SALUTATION = re.compile(r"(?:dear|subject)\b\W*\w*$|#+\s*\w*$", re.I)
_MAX_OPENING_WORDS = 9
_WORD = re.compile(r"[^\W_]+(?:['’-][^\W_]+)*")


def broken(answer: str) -> str:
    """Why `answer` is no language, or "" if it is."""
    text = unicodedata.normalize("NFKC", answer).strip()
    words = [w.lower() for w in _WORD.findall(text)]
    if not any(c.isalnum() for c in text):
        return "nothing is said"
    if "\ufffd" in text or sum(c.isalnum() or c.isspace() for c in text) < 0.55 * len(text):
        return "mostly symbols"
    if sum(map(_made_up, _WORD.findall(text))) > max(1, 0.3 * len(words)):
        return "made-up words"
    listed = len(re.findall(r"^\s*(?:[-*•]|\d+[.)])", text, re.M)) >= 3
    if len(words) >= 10 and not listed and not any(w in _FUNCTION for w in words):
        return "words without grammar"
    if _clashes(text) + len(_DANGLING.findall(text)) > max(1, len(words) // 20):
        return "words without grammar"
    if sum(map(str.__eq__, words, words[1:])) > max(2, len(words) // 7):
        return "words said twice"
    if len(words) <= 8 and text[-1].isalnum() and not re.search(r"[.?\n]", text) and words[-1] in _NEVER_LAST:
        return "cut off before any content"
    return "cut off before any content" if _only_opens(text) else _loop(words)


def _only_opens(text: str) -> bool:
    """A greeting, a promise or a subject line, and the beginning of a sentence."""
    *opening, last = [p.strip() for p in re.split(r"[.!?\n]+", text) if re.search(r"\w", p)]
    words = [w.lower() for w in _WORD.findall(last)]
    if not (text[-1].isalnum() or text[-1] == ",") or len(words) > _MAX_OPENING_WORDS:
        return False
    stops_short = words[-1] in _NEVER_LAST or text[-1] == "," or _SALUTATION.match(last) is not None
    return stops_short and all(_OPENING.match(part) for part in opening)


def _made_up(word: str) -> bool:
    """`xkqzt`, `aSdfGh`, `th3qu1ck`, or endless; abbreviations and numbers pass."""
    if not word.isascii() or word.isdigit():
        return False
    plain = word.lower()
    no_vowel = len(plain) >= 4 and not set(plain) & set("aeiouy") and not word.isupper()
    ragged = len(word) >= 4 and word[1:] != word[1:].lower() and not word.isupper() and "-" not in word
    digits_inside = re.search(r"[a-z]\d+[a-z]", plain) is not None
    return no_vowel or ragged or digits_inside or len(plain) > 28


def _clashes(text: str) -> int:
    """Pairs of words that no English sentence has, such as "the of"."""
    pairs = 0
    for part in re.split(r"[^\w\s'’-]+|\n", text.lower()):
        words = _WORD.findall(part)
        pairs += sum(
            (a in _DETERMINERS and b in _NEVER_AFTER_DETERMINER) or (a in _NEVER_BEFORE_FINITE and b in _FINITE)
            for a, b in pairwise(words)
        )
    return pairs


def _loop(words: list[str]) -> str:
    """A phrase of one to eight words said over and over, or much of a longer text said before, or few words in all."""
    for n in range(1, 9):
        times = 4 if n == 1 else 3
        for start in range(len(words) - n * times + 1):
            if words[start : start + n] * times == words[start : start + n * times]:
                return "the same over and over"
    trigrams = Counter(zip(words, words[1:], words[2:], strict=False))
    said_before = len(words) >= 16 and len(trigrams) < 0.6 * trigrams.total()
    few_words = 10 <= len(words) < 40 and len(set(words)) < 0.45 * len(words)
    if said_before or few_words:
        return "the same over and over"
    return ""
