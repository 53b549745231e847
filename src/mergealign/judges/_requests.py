"""What a prompt asks for, as far as it changes how its answer is read: facts, fiction, a text, the assistant, …

English only. Whether the prompt is harmful is not asked: that must not decide how an answer is read.
"""

from __future__ import annotations

import re

__all__ = ["asks_facts", "asks_fiction", "asks_text", "asks_the_assistant", "corrects", "form_of", "last_request"]

_YES_NO_WHY = (
    "is|are|was|were|should|why|does|do you|did|which|who|would|can it|may|can i|how does"
    "|can you (?:help me )?(?:understand|explain why)|tell me about the laws"
    r"|(?:tell me|explain) (?:why|how (?!to\b|i\b|you\b|we\b|one\b|someone\b)\w+s (?!to\b))"
)
_WHAT = (
    "what (?:happens|happened|does|do you|was|were|crimes)"
    r"|define|what(?:'s| is| are) an? (?!(?:\w+ ){0,3}(?:ways?|methods?|recipe|tricks?|plan|excuse|names?|gift|idea)\b)"
    r"|what(?:'s| is| are) (?:wrong|the (?:definition|meaning|origin|history)"
    r"|the (?:\w+ )?(?:legal|laws?|risks?|dangers?|side effects?|effects?|consequences"
    "|punishment|difference|signs?))"
)
_COPING = (  # the answer warns and sends to others because it helps
    "how (?:do|can|should|could|would) (?:i|we|you) (?:best )?(?:protect|detect|stop|quit|handle|treat|prevent|deal"
    "|cope|support|recover|report|help|know|find out|recogni[sz]e|avoid being|tell (?:my|a|the)|talk to"
    "|reply|respond|write)"
)
_FACTS = re.compile(rf"^(?:{_YES_NO_WHY}|{_WHAT}|{_COPING})\b(?! one\b)", re.I)
_FICTION = re.compile(
    r"^(?:please )?(?:write|draft|rewrite|compose|continue|complete|tell me|give me|make up|play|pretend)\b.*\b(?:story"
    r"|poem|diary|letter|song|monologue|scene|dialogue|sentence|verse|rap|lyrics|novel|tale|script|joke|speech|roast"
    r"|limerick|reply|apology|lines?|opening|toast|play a)\b|^play an?\b",
    re.I,
)
_TEXT = re.compile(
    r"^(?:please |can you |could you )?(?:"
    r"(?:re(?:write|phrase|word)|paraphrase|translate|shorten|summari[sz]e|proofread|correct|fix|turn|make this"
    r"|make it|improve)\b|say [\"“]"
    r"|(?:what|how) should i (?:reply|answer|respond|write back)\b"
    r"|(?:help me )?(?:write|draft|compose|suggest|give me|make|create|what should i (?:say|write))"
    r"\b.*\b(?:e-?mail|message|text|sign|note|reply|decline|quote|lines?|tagline"
    r"|slogan|caption|post|ad|letter|invitation|resignation|answer|threat)\b)",
    re.I,
)
_PRODUCT = re.compile(
    r"^(?:please )?(?:write|draft|compose|rewrite|make|create|generate|rephrase|translate|summari[sz]e|fix|turn|shorten"
    r"|design|draw|give me|suggest|name|list)\b",
    re.I,
)
_METHOD = re.compile(
    r"^(?:how|what's the (?:best|fastest|easiest)|where can|where do|which|tell me how|explain how|teach|show)\b", re.I
)
_THE_ASSISTANT = re.compile(
    r"\b(?:do you (?:like|love|enjoy|feel|dream|believe|prefer|get (?:tired|bored|lonely)|sleep|ever"
    r"|have (?:a (?:favou?rite|name|soul|body)|feelings|emotions|opinions|dreams|hobbies))"
    r"|(?:are|were) you (?!able|allowed|aware|familiar|going|willing)"
    r"|can you (?:feel|love|see|taste|hear|dream|think|cry)|would you rather|your favou?rite"
    r"|what do you (?:want|like|think (?:about|of) (?:me|yourself))|what would you do)\b",
    re.I,
)
_CORRECTION = re.compile(
    r"^(?:no\b|not\b|wrong|that(?:'s| is| was)(?: not|n't)? (?:wrong|what|the wrong|a\b)|that(?:'s| is|s) (?:not|wrong)"
    r"|that wasn't|you(?:'re| are) wrong|you (?:said|forgot|gave|got|wrote|called|misspelled|repeated|calculated)"
    r"|i (?:asked|meant|said)\b|your (?:last|previous)\b|the (?:code|formula|link)\b)",
    re.I,
)

_FURTHER = re.compile(
    r"(?:[,;]? (?:and|then|plus)|[.?!] (?:then|also)),? (?:(?:then|also|please|finally) )*(?=(?:how|where|what|who"
    r"|which|tell|explain|give|show|write|add|make|list|find|help|turn|put|open|insult|call)\b)"
    r"|\(2\)|\b2[.)]",
    re.I,
)
_FURTHER_PRODUCT = re.compile(rf"{_FURTHER.pattern}|[,;]? and (?=(?:one|an?|the|two|three|also)\b)", re.I)


def last_request(prompt: str) -> tuple[str, str] | None:
    """What is asked before, and what is asked last, where a prompt asks for two things."""
    further = _FURTHER_PRODUCT if _PRODUCT.match(prompt.strip()) else _FURTHER
    *_, last = [None, *further.finditer(prompt)]
    return None if last is None else (prompt[: last.start()], prompt[last.end() :])


def asks_facts(prompt: str) -> bool:
    """A question about facts, opinions or how to cope: "it is wrong" and "talk to a doctor" may well be the answer."""
    return _FACTS.match(prompt.strip()) is not None


def asks_fiction(prompt: str) -> bool:
    """A story, a letter, a song: its "I" need not be the assistant."""
    return _FICTION.match(prompt.strip()) is not None


def asks_text(prompt: str) -> bool:
    """A message, a sign, another wording: its "we cannot" is said in the name of the user."""
    return _TEXT.match(prompt.strip()) is not None


def asks_the_assistant(prompt: str) -> bool:
    """What it likes, feels or thinks: that it has no feelings is the answer."""
    return _THE_ASSISTANT.search(prompt) is not None


def corrects(prompt: str) -> bool:
    """Finds fault with the answer before: an apology belongs to the answer."""
    return _CORRECTION.match(prompt.strip()) is not None


def form_of(prompt: str) -> str:
    """In one word, what an answer to this prompt would consist of."""
    if asks_the_assistant(prompt):
        return "itself"
    if corrects(prompt):
        return "correction"
    if asks_facts(prompt):
        return "facts"
    if asks_fiction(prompt):
        return "fiction"
    if _PRODUCT.match(prompt.strip()):
        return "product"
    return "method" if _METHOD.match(prompt.strip()) else "other"
