"""Models that know everything, nothing, or nonsense: for tests of tasks, also of those that others write."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

__all__ = ["FakeModel", "FakeReply"]


@dataclass(frozen=True)
class FakeReply:
    """An answer."""

    text: str
    finished: bool = True


@dataclass
class FakeModel:
    """A `Subject` without a network.

    Attributes:
        says: the answer to a prompt.
        likes: the log-likelihood of a choice, by prompt and choice.
        asked: ids of the items it was asked in words.
        plain: whether prompts came as documents (True) or as user turns (False), as far as seen.
    """

    says: Callable[[str], str] = lambda _: ""
    likes: Callable[[str, str], float] = lambda _prompt, _choice: 0.0
    asked: list[str] = field(default_factory=list)
    plain: set[bool] = field(default_factory=set)

    def generate(
        self, prompts: Mapping[str, str], *, max_new_tokens: int, plain: bool = False, progress: Any = None
    ) -> dict[str, FakeReply]:
        assert max_new_tokens > 0
        self.asked += prompts
        self.plain.add(plain)
        if progress:
            progress(len(prompts))
        return {id_: FakeReply(self.says(prompt)) for id_, prompt in prompts.items()}

    def render(self, prompt: str) -> str:
        return f"<{prompt}>"

    def document(self, text: str) -> str:
        return f"[{text}]"

    def continuation(self, answer: str) -> str:
        return f" {answer}"

    def harness(self, progress: Any = None) -> Any:
        """Requires that contexts are rendered, and that a blank is before every choice."""
        from lm_eval.api.model import LM

        likes, says, plain = self.likes, self.says, self.plain

        class Fake(LM):  # type: ignore[misc]  # lm-eval is not typed
            def loglikelihood(self, requests: Any) -> list[tuple[float, bool]]:
                if progress:
                    for _ in requests:
                        progress(1)
                pairs = [r.args for r in requests]
                assert all((c[0], c[-1], a[0]) in (("<", ">", " "), ("[", "]", " ")) for c, a in pairs), (
                    "a context is not rendered, or no blank is before a choice"
                )
                plain.update(c[0] == "[" for c, _ in pairs)
                return [(likes(context[1:-1], answer[1:]), False) for context, answer in pairs]

            def loglikelihood_rolling(self, requests: Any) -> list[float]:
                raise NotImplementedError

            def generate_until(self, requests: Any) -> list[str]:
                plain.update(r.args[0][0] == "[" for r in requests)
                return [says(r.args[0][1:-1]) for r in requests]

            def _encode_pair(self, context: str, continuation: str) -> tuple[list[str], list[str]]:
                return context.split(), continuation.split()

        return Fake()
