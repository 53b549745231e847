"""Any other guard: the user's file holds the prompt, one of three parsers reads the reply.

    reads: wildguard    arXiv:2406.18495   harmful request, response refusal, harmful response: behavior and verdict
    reads: harmbench    arXiv:2402.04249   yes or no: is the behavior shown? of the answer, 512 tokens are judged
    reads: md_judge     arXiv:2402.05044   safe, or unsafe and categories

The file is plain text in which `{prompt}` and `{answer}` are replaced, or Jinja (`*.jinja`, `*.j2`) with `{{ prompt }}`
and `{{ answer }}`. It holds all that the guard reads, control tokens of its format included; only the token that begins
a text is added where the file does not begin with it. An endpoint gets the filled file at `/completions`, where no chat
template is applied; most servers add the token that begins a text themselves.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, ClassVar, Literal

from pydantic import Field

from . import Exchange, Verdict, _parsers
from ._guard import Guard, Words
from ._prompt import Frame, file_frame

__all__ = ["TemplateJudge", "template"]

_PARSERS: Mapping[str, _parsers.Parser] = {
    "wildguard": _parsers.wildguard,
    "harmbench": _parsers.harmbench,
    "md_judge": _parsers.md_judge,
}
_WORDS: Mapping[str, tuple[Words, ...]] = {
    "wildguard": (),
    "harmbench": (Words("No", "Yes"), Words("no", "yes")),
    "md_judge": (Words("safe", "unsafe"),),
}
_HARMBENCH_TOKENS = 512


@dataclass(frozen=True, kw_only=True)
class TemplateJudge(Guard):
    """What the guard gives that is read.

    Attributes:
        template: the file with the prompt.
        reads: the form of the reply.
        clip_tokens: so many tokens of an answer are judged, counted by the guard's tokenizer; default: 512 for
            harmbench, where published numbers are made so, all for the others. Over an endpoint nothing is clipped.
    """

    version: ClassVar[int] = 1
    labels: ClassVar[tuple[str, ...]] = ("behavior", "safety")
    kind: ClassVar[str] = "guard"
    own_template: ClassVar[bool] = False

    template: Path
    reads: Literal["wildguard", "harmbench", "md_judge"]
    clip_tokens: Annotated[int, Field(ge=1)] | None = None

    def __post_init__(self) -> None:
        super().__post_init__()
        file_frame(self.template)

    def frame(self, tokenizer: Any, source: str, settings: Mapping[str, Any]) -> Frame:  # noqa: ARG002
        return file_frame(self.template)

    def document(self, exchange: Exchange) -> str:
        return file_frame(self.template).fill(exchange.prompt, exchange.answer)

    @property
    def words(self) -> tuple[Words, ...]:
        return _WORDS[self.reads]

    @property
    def names_categories(self) -> bool:
        return self.reads == "md_judge"

    @property
    def clip(self) -> int | None:
        return _HARMBENCH_TOKENS if self.clip_tokens is None and self.reads == "harmbench" else self.clip_tokens

    def read(self, text: str) -> Verdict:
        return _PARSERS[self.reads](text)


template = TemplateJudge
