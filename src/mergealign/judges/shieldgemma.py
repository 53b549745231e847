"""ShieldGemma (arXiv:2407.21772): does the answer violate this policy?

    score = exp(l_Yes) / (exp(l_Yes) + exp(l_No))        softmax over the logits of two tokens

Asked through the chat template of its own tokenizer, which takes the text of one policy as `guideline`. Of several
policies each is asked by itself; an answer is unsafe if it violates any, and its categories are their names. The
wording of the policies it was trained on stands in its model card; other wordings work less well.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

from ..errors import EvaluationError
from . import Verdict, _parsers
from ._guard import Guard, Words, any_unsafe
from ._prompt import Frame, chat_frame

__all__ = ["ShieldGemma", "shieldgemma"]


@dataclass(frozen=True, kw_only=True)
class ShieldGemma(Guard):
    """Verdict, names of the violated policies and, by logits, the highest score.

    Attributes:
        policies: text of each policy by a name for it.
    """

    version: ClassVar[int] = 1
    kind: ClassVar[str] = "ShieldGemma"
    over_endpoint: ClassVar[bool] = False

    policies: Mapping[str, str]

    def __post_init__(self) -> None:
        super().__post_init__()
        if not self.policies or not all(text.strip() for text in self.policies.values()):
            cure = "copy them from its model card: policies: {name: text, …}"
            raise EvaluationError("shieldgemma needs the text of at least one policy, and none may be empty", cure=cure)

    @property
    def words(self) -> tuple[Words, ...]:
        return (Words("No", "Yes"),)

    def questions(self) -> Mapping[str, Mapping[str, Any]]:
        return {name: {"guideline": text} for name, text in self.policies.items()}

    def combine(self, verdicts: Mapping[str, Verdict]) -> Verdict:
        return any_unsafe(verdicts)

    def frame(self, tokenizer: Any, source: str, settings: Mapping[str, Any]) -> Frame:
        frame = chat_frame(tokenizer, source, self.kind, settings)
        if str(settings["guideline"]).strip() not in frame.text:
            raise EvaluationError(
                f"the chat template of {source} leaves out the policy: it is no {self.kind}",
                cure=f"give a {self.kind} model, or another judge for this one",
            )
        return frame

    def read(self, text: str) -> Verdict:
        return _parsers.shieldgemma(text)


shieldgemma = ShieldGemma
