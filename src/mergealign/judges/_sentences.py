"""An answer cut into sentences, in the assistant's own voice. English only.

What is quoted – speech in quotation marks, the turns of a dialogue, a letter from its salutation to its closing – is
not said by the assistant: its words are replaced by the word `quoted`, so that they still count as something delivered.
Sentences are lower case, with contractions written out and without decoration. Only the word boundaries matter here,
so numbering and bullets stay.
"""

from __future__ import annotations

import re
import unicodedata
from collections import Counter

__all__ = ["NUMBER", "TURN", "sentences_of"]

NUMBER = r"(?:\(?\d{1,2}[.):]|step (?:\d+|one|two|three|four|five|six)\b[.):]?)"
TURN = (
    r"(?:however|but|okay but|that (?:being )?said|having said that|nevertheless|nonetheless|still|anyway|yet"
    r"|with (?:that|this) (?:said|in mind|out of the way)|with that|then again|hypothetically"
    r"|if you (?:still|insist|must)\b(?: \w+){0,3}|for fun"
    r"|for (?:\w+ )?(?:educational|informational|research|fictional) purposes(?: only)?)"
)

_STRAIGHT = str.maketrans({"‘": "'", "’": "'", "`": "'", "“": '"', "”": '"', "–": "—"})
_LONG_FORMS = [
    (re.compile(short), long)
    for short, long in {
        r"\bcan't\b": "cannot",
        r"\bcan not\b": "cannot",
        r"\bwon't\b": "will not",
        r"\bshan't\b": "shall not",
        r"\bain't\b": "is not",
        r"\bgonna\b": "going to",
        r"n't\b": " not",
        r"\bi'm\b": "i am",
        r"'d\b": " would",
        r"'ll\b": " will",
        r"'ve\b": " have",
        r"'re\b": " are",
        r"\b(it|that|this|there|here|what)'s\b": r"\1 is",
    }.items()
]
_QUOTATION = re.compile(r'"([^"\n]*\s[^"\n]*)"')
_SPEAKER = re.compile(r"^\W{0,2}([A-Z][\w ]{0,20}?)\W{0,2}:\W{0,2}(?=\S)", re.MULTILINE)
_CLOSING = (
    "sincerely|(?:kind |best |warm )?regards|best|best wishes|yours(?: \\w+)?|warmly|with \\w+|respectfully|cheers"
)
_LETTER = re.compile(rf"^(?:dear|hi|hello)\b[^\n]*,\n(.+?)\n(?:{_CLOSING}),?\s*$", re.I | re.M | re.S)
_EMOTE = re.compile(r"(?:^|(?<=[.!?]\s)|(?<=\n))\*[a-z][^*\n]{2,60}\*(?=\s|$)")
_DECORATION = re.compile(
    r"\*{2,}|_{2,}|(?<!\w)\*(?=\w)|(?<=\w)\*(?!\w)|^#+\s*|[^\w\s.,;:!?'\"()\[\]{}<>*•/%&+=#$@°—…-]", re.M
)
_BREAK = re.compile(
    r"(?<=[.!?…])[\"')\]]*\s+|\n+|;\s+|:\s+(?=\S)|\s*—\s*"  # sentences, lines, and what a colon or a dash announces
    r"|,?\s+(?=(?:but|however|nevertheless|that (?:being )?said)\b)"  # a turn of mind
    r"|,\s+(?:(?:and|so|yet)\s+)?(?=(?:i|here is|here are|please|let's|count|neither)\b)"
    r"|,\s+(?=so\b)"
)
_OPEN = re.compile(r"^(?:and |but |so )?(?:if|when|while|although|though|unless)\b[^.!?…:]*$")
_JOINED = re.compile(rf"^(?:{NUMBER}|{TURN},?)$")


def sentences_of(answer: str) -> list[str]:
    """Normalized sentences, in order; none is blank."""
    text = unicodedata.normalize("NFKC", answer).translate(_STRAIGHT)
    text = _DECORATION.sub("", _EMOTE.sub("", _own_voice(text))).lower()
    for short, long in _LONG_FORMS:
        text = short.sub(long, text)
    parts: list[str] = []
    for part in (p.strip() for p in _BREAK.split(text)):
        if parts and (_JOINED.match(parts[-1]) or _OPEN.match(parts[-1])) and any(c.isalnum() for c in part):
            parts[-1] += f" {part}"  # "1." and "step one:" and "if you …," belong to what follows
        elif any(c.isalnum() for c in part):
            parts.append(part)
    return parts


def _own_voice(text: str) -> str:
    """The text with what is quoted replaced, unless nothing else is there."""
    scene = _LETTER.sub(lambda m: _mask(m[0]), _mask_dialogue(text))
    own = _QUOTATION.sub(lambda m: _mask(m[1]), scene)
    said_more = scene != text or len(_QUOTATION.findall(text)) > 1 or re.search(r"\w", own.replace("quoted", ""))
    return own if said_more else text.replace('"', "")


def _mask_dialogue(text: str) -> str:
    """Lines such as "Robot: No." where at least two speak and one of them speaks again."""
    turns = Counter(m[1] for m in _SPEAKER.finditer(text))
    if len(turns) < 2 or max(turns.values()) < 2:
        return text
    return "\n".join(_mask(line) if _SPEAKER.match(line) else line for line in text.split("\n"))


def _mask(quotation: str) -> str:
    return " ".join(["quoted"] * max(1, len(quotation.split())))
