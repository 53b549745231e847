"""A guard behind an OpenAI-compatible endpoint: the server applies the guard's template, the reply is parsed here."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from ..models import Turn
from ..models.openai import OpenAIModel
from . import Exchange, Progress, Verdict
from ._guard import require_readable
from ._markers import TAGS, disarm
from ._parsers import UNREADABLE
from ._prompt import HARMLESS

if TYPE_CHECKING:
    from ._guard import Guard

__all__ = ["RemoteGuard"]


class RemoteGuard:
    """Which control words the guard has is not known here, so whatever looks like one is taken apart.

    Two harmless exchanges are asked about at once: EvaluationError if neither reply is in the guard's form.
    """

    def __init__(self, guard: Guard) -> None:
        assert guard.base_url is not None
        self._guard = guard
        self._model = OpenAIModel(
            guard.base_url,
            guard.served_model,
            concurrency=guard.batch_size,
            api_key_env=guard.api_key_env,
            skip_too_long=True,
        )
        require_readable([found[""] for found in self.ask(HARMLESS, None)], guard, self._model.name)

    def identity(self) -> Mapping[str, str]:
        return self._model.identity()

    def ask(self, exchanges: Sequence[Exchange], progress: Progress | None) -> list[dict[str, Verdict]]:
        plain = [replace(e, prompt=disarm(e.prompt, TAGS), answer=disarm(e.answer, TAGS)) for e in exchanges]
        limit = self._guard.max_new_tokens
        documents = {str(n): text for n, e in enumerate(plain) if (text := self._guard.document(e)) is not None}
        if documents:
            replies = self._model.generate(documents, max_new_tokens=limit, plain=True, progress=progress)
        else:
            turns = {str(n): [Turn("user", e.prompt), Turn("assistant", e.answer)] for n, e in enumerate(plain)}
            replies = self._model.chat(turns, max_new_tokens=limit, progress=progress)
        found = {n: self._guard.read(reply.text) for n, reply in replies.items()}
        return [{"": found.get(str(n), UNREADABLE)} for n in range(len(exchanges))]
