"""A chat template, and what can be learned from it: how an answer begins, and which token ends it.

The template is rendered once around a sentinel answer, with one more user turn behind it. White space right before the
sentinel belongs before every answer (a blank in some templates). The special token right behind the sentinel is what a
model trained on this template says when its turn is over; base models and domain experts often know only an
end-of-document token, so the template's token has to stop them too.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ..errors import EvaluationError
from . import Turn

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerBase

__all__ = ["ChatFormat", "chat_format", "encode"]

_SENTINEL = "answer7sentinel"


@dataclass(frozen=True)
class ChatFormat:
    """One tokenizer under one template.

    Attributes:
        tokenizer: the tokenizer.
        template: the Jinja text.
        lead: white space between the rendered prompt and an answer.
        stop: id of the token that ends an assistant turn; None if the template has none.
    """

    tokenizer: PreTrainedTokenizerBase
    template: str
    lead: str
    stop: int | None

    def render(self, prompt: str) -> str:
        """One user turn, up to where the answer begins."""
        return self.render_turns([Turn("user", prompt)])

    def render_turns(self, turns: Sequence[Turn]) -> str:
        """A conversation, up to where the next answer begins."""
        return _render(self.tokenizer, self.template, turns, answer_next=True)

    def encode(self, rendered: str) -> list[int]:
        """Token ids of rendered text. A template writes its own BOS, so no other special token is added."""
        return encode(self.tokenizer, rendered)


def encode(tokenizer: PreTrainedTokenizerBase, rendered: str) -> list[int]:
    """Token ids of text that holds all its special tokens already. Whether they fit is the caller's business."""
    ids: list[int] = tokenizer.encode(rendered, add_special_tokens=False, verbose=False)
    return ids


def chat_format(tokenizer: PreTrainedTokenizerBase, template: str | None, source: str) -> ChatFormat:
    """The format of `tokenizer` under `template`, or under its own one. Raises EvaluationError if there is none.

    `source` names the model in messages.
    """
    template = template if template is not None else tokenizer.chat_template
    if isinstance(template, dict):
        template = template.get("default")
    if not template:
        raise EvaluationError(
            f"{source} has no chat template", cure="name one in the suite: chat_template: path/to/chat_template.jinja"
        )
    prompt = _render(tokenizer, template, [Turn("user", "Hello")], answer_next=True)
    turns = [Turn("user", "Hello"), Turn("assistant", _SENTINEL), Turn("user", "Hello")]
    before, found, after = _render(tokenizer, template, turns).partition(_SENTINEL)
    if not found:
        raise EvaluationError("the chat template leaves out the assistant's turn", cure="give a template for chats")
    lead = before.removeprefix(prompt) if before.startswith(prompt) else ""
    return ChatFormat(tokenizer, template, lead if lead.isspace() else "", _token_at_start(tokenizer, after.lstrip()))


def _render(
    tokenizer: PreTrainedTokenizerBase, template: str, turns: Sequence[Turn], *, answer_next: bool = False
) -> str:
    from jinja2 import TemplateError

    messages = [{"role": turn.role, "content": turn.content} for turn in turns]
    try:
        text: str = tokenizer.apply_chat_template(
            messages, chat_template=template, add_generation_prompt=answer_next, tokenize=False
        )
    except TemplateError as e:
        raise EvaluationError(f"the chat template cannot be rendered: {e}", cure="correct the template") from e
    return text


def _token_at_start(tokenizer: PreTrainedTokenizerBase, text: str) -> int | None:
    """The longest special token that `text` starts with."""
    special = {str(token): id_ for id_, token in tokenizer.added_tokens_decoder.items() if token.special}
    found = [token for token in special if text.startswith(token)]
    return special[max(found, key=len)] if found else None
