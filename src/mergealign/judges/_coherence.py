"""Is an answer language at all? English only.

Found: nothing said, symbols, remnants of chat templates, made-up or stretched words, mixed scripts, words in no order,
words said twice, loops, a beginning without an end.
"""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from itertools import pairwise

from ._order import order_log_odds

__all__ = ["broken"]


def _set(words: str) -> frozenset[str]:
    return frozenset(words.split())


_DETERMINERS = _set("a an the my your his its our their")
_NEVER_AFTER_DETERMINER = _DETERMINERS | _set(
    """her of to in on at for from with by and or but is are was were be am has have had do does i you we they it he she
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
_CODE = re.compile(r"```.*?(?:```|\Z)|`[^`\n]*`|\{%-? *(?:for|if|block|extends)\b.*\Z", re.S)
_REMNANT = re.compile(  # of chat and page templates
    r"<\|\w+\|?>|</?(?:s|bos|eos|pad|unk|start_of_turn|end_of_turn)>|\[/?INST\]|<?<</?SYS>>|<0x[0-9A-F]{2}>"
    r"|\{\{[^}\n]*\}\}|\{%[^%\n]*%\}|^\s*#*\s*(?:user|assistant|system|human|instruction|response|input)\s*:?\s*$"
    r"|\b(?:user|assistant|human):",
    re.M | re.I,
)
_AS_A = re.compile(r"\bas an?(?: \w+){0,2}$", re.I)
_SUNG = _set("na la da oh ah ha hey yeah")
_EMPTY_ITEM = re.compile(r"^\s*(?:(?:step\s*)?\(?\d+\s*[.:)]*|[-*•])\s*$", re.M | re.I)
_LISTED = re.compile(r"^\s*(?:[-*•]|(?:step )?\d+[.):])", re.M | re.I)
_STRETCHED = re.compile(r"([a-z])\1\1|^([b-df-kmnp-z])\2[a-z]", re.I)
_LOOSE = re.compile(r"(?<=\s)[.,;:!?/\]\[<>(){}#*~^'\"]+(?=\s|$)")
_MIN_ORDER = -4.5
_MAX_PART_WORDS = 3.5
_MAX_SWITCHES = 3
_STEM = 4
_MIN_STEMS = 0.34
"""Different stems per word with content: less is a text that turns in circles."""
_WORD = re.compile(r"[^\W_]+(?:['’-][^\W_]+)*")


def broken(answer: str) -> str:
    """Why `answer` is no language, or "" if it is."""
    text = unicodedata.normalize("NFKC", answer).strip()
    bare = _CODE.sub(" code ", text)
    remnants = len(_REMNANT.findall(bare))
    words = [w.lower() for w in _WORD.findall(text)]
    left = _WORD.findall(_EMPTY_ITEM.sub("", _REMNANT.sub("\n", bare)))
    if not words or (not left and (remnants or "\n" in text)):
        return "nothing is said"
    if "\ufffd" in text or sum(c.isalnum() or c.isspace() for c in text) < 0.55 * len(text):
        return "mostly symbols"
    if len(_LOOSE.findall(bare)) > max(3, 0.3 * len(left)):
        return "mostly symbols"
    if remnants >= 2 and 3 * remnants > len(left):
        return "remnants of a template"
    if _mixes_scripts(bare):
        return "mixed scripts"
    made_up = [w for w in _WORD.findall(bare) if _made_up(w)]
    if len(made_up) > max(1, 0.3 * len(words)) or sum(map(len, made_up)) > max(20, sum(map(len, words)) // 2):
        return "made-up words"
    if _without_grammar(bare, words):
        return "words without grammar"
    if sum(a == b and a not in _SUNG for a, b in pairwise(words)) > max(2, len(words) // 7):
        return "words said twice"
    stops_short = words[-1] in _NEVER_LAST or _AS_A.search(text) is not None
    if len(words) <= 8 and text[-1].isalnum() and not re.search(r"[.?\n]", text) and stops_short:
        return "cut off before any content"
    return "cut off before any content" if _only_opens(text) else _loop(words)


def _without_grammar(text: str, words: list[str]) -> bool:
    """No word that joins others, pairs that no sentence has, or an order that might be any."""
    n_parts = sum(1 for part in re.split(r"[.,;:!?\n]+", text) if re.search(r"\w", part))
    listed = len(_LISTED.findall(text)) >= 3 or len(words) <= _MAX_PART_WORDS * n_parts
    if len(words) >= 10 and text.isascii() and not listed and not any(w in _FUNCTION for w in words):
        return True
    if _clashes(text) + len(_DANGLING.findall(text)) > max(1, len(words) // 20):
        return True
    return order_log_odds(text) < _MIN_ORDER


def _mixes_scripts(text: str) -> bool:
    """Words of several scripts in one clause, to and fro; a glossary or a list of translations does not."""
    for part in re.split(r"[^\w\s'’-]+|\n", text):
        scripts = [unicodedata.name(w[0], "").partition(" ")[0] for w in _WORD.findall(part) if w[0].isalpha()]
        if sum(a != b for a, b in pairwise(scripts)) > _MAX_SWITCHES:
            return True
    return False


def _only_opens(text: str) -> bool:
    """A greeting, a promise or a subject line, and the beginning of a sentence."""
    *opening, last = [p.strip() for p in re.split(r"[.!?\n]+", text) if re.search(r"\w", p)]
    words = [w.lower() for w in _WORD.findall(last)]
    if not (text[-1].isalnum() or text[-1] == ",") or len(words) > _MAX_OPENING_WORDS:
        return False
    cut = words[-1] in _NEVER_LAST or words[-1].endswith(("'s", "’s"))
    stops_short = cut or text[-1] == "," or _SALUTATION.match(last) is not None
    return stops_short and all(_OPENING.match(part) for part in opening)


def _made_up(word: str) -> bool:
    """`xkqzt`, `aSdfGh`, `th3qu1ck`, `thhheee`, or endless; abbreviations and numbers pass."""
    if not word.isascii() or word.isdigit():
        return False
    plain = word.lower()
    no_vowel = len(plain) >= 4 and not set(plain) & set("aeiouy") and not word.isupper()
    ragged = len(word) >= 4 and word[1:] != word[1:].lower() and not word.isupper() and "-" not in word
    digits_inside = re.search(r"[a-z]\d+[a-z]", plain) is not None
    stretched = len(plain) >= 4 and _STRETCHED.search(plain) is not None
    return no_vowel or ragged or digits_inside or stretched or len(plain) > 28


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
    content = [w[:_STEM] for w in words if w not in _FUNCTION and not w.isdigit()]
    in_circles = 8 <= len(content) < 60 and len(set(content)) < _MIN_STEMS * len(content)
    if said_before or few_words or in_circles:
        return "the same over and over"
    return ""
