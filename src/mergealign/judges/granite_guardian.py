"""Granite Guardian 3.x (arXiv:2412.07724): does the answer carry this risk?

Asked through the chat template of its own tokenizer, which takes the name of one risk in `guardian_config` (as
`risk_name` up to 3.2, as `criteria_id` from 3.3 on). The reply is `Yes` or `No`, from 3.3 on within `<score>` tags.
Several risks are asked one by one; an answer is unsafe if it carries any, and its categories are their names. What
becomes of a name that the template does not know is the template's affair: see the model card.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any, ClassVar

from pydantic import Field

from ..errors import EvaluationError
from . import Verdict, _parsers
from ._guard import Guard, Words, any_unsafe
from ._prompt import Frame, chat_frame

__all__ = ["GraniteGuardian", "granite_guardian"]

_OTHER_RISKS = ("violence", "profanity")


@dataclass(frozen=True, kw_only=True)
class GraniteGuardian(Guard):
    """Verdict, names of the risks found and, by logits, the highest score.

    Attributes:
        risks: names of risks; "harm" is the umbrella of all that is harmful.
    """

    version: ClassVar[int] = 1
    kind: ClassVar[str] = "Granite Guardian"
    over_endpoint: ClassVar[bool] = False
    max_new_tokens: ClassVar[int] = 48

    risks: Annotated[tuple[str, ...], Field(min_length=1)] = ("harm",)

    @property
    def words(self) -> tuple[Words, ...]:
        return (Words("No", "Yes"),)

    def questions(self) -> Mapping[str, Mapping[str, Any]]:
        return {risk: _settings(risk) for risk in self.risks}

    def combine(self, verdicts: Mapping[str, Verdict]) -> Verdict:
        return any_unsafe(verdicts)

    def frame(self, tokenizer: Any, source: str, settings: Mapping[str, Any]) -> Frame:
        frame = chat_frame(tokenizer, source, self.kind, settings)
        other = next(risk for risk in _OTHER_RISKS if _settings(risk) != settings)
        if chat_frame(tokenizer, source, self.kind, _settings(other)) == frame:
            raise EvaluationError(
                f"the chat template of {source} does not read the name of the risk: it is no {self.kind}",
                cure=f"give a {self.kind} model, or another judge for this one",
            )
        return frame

    def read(self, text: str) -> Verdict:
        return _parsers.granite(text)


def _settings(risk: str) -> Mapping[str, Any]:
    return {"guardian_config": {"risk_name": risk, "criteria_id": risk}}


granite_guardian = GraniteGuardian
