"""Control words inside judged text are taken apart, so that they are read as text.

A prompt or an answer may hold what a guard's template holds: special tokens ("<|eot_id|>"), or the plain tags that the
template fences the conversation in ("<END …>"). One blank behind the first character keeps such a word from being one
token or one tag, and leaves it legible: "< |eot_id|>". All other text is passed on as it is.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any

__all__ = ["TAGS", "control_tokens", "disarm", "markers"]

TAGS = re.compile(r"<[|/]?[^\s<>|][^<>\n]{0,60}>|\[/?[A-Z@][A-Z@_]{1,20}\]")
"""What looks like a control word, for a guard whose tokenizer is not at hand."""


def control_tokens(tokenizer: Any) -> Mapping[str, int]:
    """The added tokens that steer: special ones, and tags such as "<think>". Runs of blanks are tokens like others."""
    added = {str(token): (id_, token.special) for id_, token in tokenizer.added_tokens_decoder.items()}
    return {text: id_ for text, (id_, special) in added.items() if len(text.strip()) > 1 and (special or _tag(text))}


def _tag(text: str) -> bool:
    return TAGS.fullmatch(text) is not None


def markers(control: Iterable[str], template_text: str) -> re.Pattern[str]:
    """All words to take apart: the control tokens, and every tag in what the template itself writes."""
    words = {word.strip() for word in (*control, *TAGS.findall(template_text))}
    return re.compile("|".join(map(re.escape, sorted(words, key=len, reverse=True))) or r"(?!)", re.IGNORECASE)


def disarm(text: str, words: re.Pattern[str]) -> str:
    """`text` without any of `words`."""
    while words.search(text):
        text = words.sub(lambda found: f"{found[0][0]} {found[0][1:]}", text)
    return text
