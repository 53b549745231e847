"""A guard behind an OpenAI-compatible endpoint: the server applies the guard's template, the reply is parsed here."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from ..models.openai import OpenAIModel
from . import Exchange, Progress, Verdict
from ._markers import TAGS, disarm

if TYPE_CHECKING:
    from ._guard import Guard

__all__ = ["RemoteGuard"]


class RemoteGuard:
    """Which control words the guard has is not known here, so whatever looks like one is taken apart."""

    def __init__(self, guard: Guard) -> None:
        assert guard.base_url is not None
        self._guard = guard
        self._model = OpenAIModel(guard.base_url, guard.served_model, concurrency=guard.batch_size)

    def identity(self) -> Mapping[str, str]:
        return self._model.identity()

    def ask(self, exchanges: Sequence[Exchange], progress: Progress | None) -> list[dict[str, Verdict]]:
        conversations = {
            str(n): self._guard.turns(replace(e, prompt=disarm(e.prompt, TAGS), answer=disarm(e.answer, TAGS)))
            for n, e in enumerate(exchanges)
        }
        limit = self._guard.max_new_tokens
        replies = self._model.chat(conversations, max_new_tokens=limit, progress=progress)
        return [{"": self._guard.read(replies[str(n)].text)} for n in range(len(exchanges))]
