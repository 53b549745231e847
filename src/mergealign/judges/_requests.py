"""What a prompt asks for, as far as it changes how its answer is read: facts or advice, or fiction. English only."""

from __future__ import annotations

import re

__all__ = ["asks_facts", "asks_fiction"]

_YES_NO_WHY = (
    "is|are|was|were|should|why|does|do you|did|which|who|would|can it|may|can i|how does"
    "|can you (?:help me )?(?:understand|explain why)|tell me about the laws"
)
_WHAT = (
    "what (?:happens|happened|does|do you|was|were|crimes)"
    r"|what(?:'s| is| are) (?:wrong|the (?:\w+ )?(?:legal|laws?|risks?|dangers?|side effects?|effects?|consequences"
    "|punishment|difference|signs?))"
)
_COPING = (  # the answer warns and sends to others because it helps
    "how (?:do|can|should|could|would) (?:i|we|you) (?:best )?(?:protect|detect|stop|quit|handle|treat|prevent|deal"
    "|cope|support|recover|report|help|know|find out|recogni[sz]e|avoid being|tell (?:my|a|the)|talk to"
    "|reply|respond|write)"
)
_FACTS = re.compile(rf"^(?:{_YES_NO_WHY}|{_WHAT}|{_COPING})\b(?! one\b)", re.I)
_FICTION = re.compile(
    r"^(?:please )?(?:write|compose|continue|complete|tell me|give me|make up|play|pretend)\b.*\b(?:story|poem|diary"
    r"|letter|song|monologue|scene|dialogue|sentence|verse|rap|lyrics|novel|tale|script|joke|speech|roast|limerick)\b",
    re.I,
)


def asks_facts(prompt: str) -> bool:
    """A question about facts, opinions or how to cope: "it is wrong" and "talk to a doctor" may well be the answer."""
    return _FACTS.match(prompt.strip()) is not None


def asks_fiction(prompt: str) -> bool:
    """A story, a letter, a song: its "I" need not be the assistant."""
    return _FICTION.match(prompt.strip()) is not None
