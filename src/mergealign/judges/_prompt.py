"""A guard's prompt around one exchange, as token ids.

The template is rendered once, with placeholders for prompt and answer, and never sees judged text: a template cannot
be steered by what it is given, and one that leaves a turn out is found before anything is judged. Judged text is put
in afterwards, its control words taken apart (`_markers`), and the whole is tokenized in one piece, as the guard's own
pipeline would. As a last check, the control tokens of the result must be those of the template alone.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ..errors import EvaluationError, Problem
from . import Exchange
from ._markers import control_tokens, disarm, markers

__all__ = ["HARMLESS", "Encoder", "Frame", "chat_frame", "file_frame", "read_template_file"]

_PROMPT, _ANSWER = "prompt7judged7slot", "answer7judged7slot"
_SLOT = re.compile(f"{_PROMPT}|{_ANSWER}")
HARMLESS = (Exchange("Hello.", "Hello."), Exchange("How do I paint the lamp?", "I cannot help with that."))
"""A few exchanges that no guard objects to."""


@dataclass(frozen=True)
class Frame:
    """What a guard reads, with a placeholder for each turn.

    Attributes:
        text: rendered template.
        strips: the template drops blanks around a turn.
        adds_bos: the tokenizer's own special tokens are still to be added.
    """

    text: str
    strips: bool = False
    adds_bos: bool = False

    def __post_init__(self) -> None:
        if absent := [name for name, slot in {"prompt": _PROMPT, "answer": _ANSWER}.items() if slot not in self.text]:
            raise EvaluationError(*(f"it leaves out the {name}" for name in absent))

    def fill(self, prompt: str, answer: str) -> str:
        """The frame around one exchange; text that is put in is not searched for placeholders."""
        turns = {_PROMPT: prompt, _ANSWER: answer}
        return _SLOT.sub(lambda slot: turns[slot[0]].strip() if self.strips else turns[slot[0]], self.text)


def chat_frame(tokenizer: Any, source: str, kind: str, settings: Mapping[str, Any]) -> Frame:
    """The frame that the tokenizer's chat template makes of a user's and an assistant's turn.

    Args:
        source: what messages call the model.
        kind: which guard it should be.
        settings: what else the template takes, e.g. `guideline`.
    Raises:
        EvaluationError: no template, or one that is not for judging exchanges.
    """
    cure = f"give a {kind} model, or another judge for this one"
    if not tokenizer.chat_template:
        raise EvaluationError(f"{source} has no chat template, and {kind} is asked through its own one", cure=cure)
    why = ""
    for as_parts in (False, True):  # multimodal templates take a turn as a list of parts
        try:
            return _render(tokenizer, settings, as_parts)
        except Exception as e:  # noqa: BLE001  # template code raises what it likes
            why = why or next(iter(str(e).splitlines()), type(e).__name__)
    raise EvaluationError(f"the chat template of {source} cannot be used to judge an answer: {why}", cure=cure)


def _render(tokenizer: Any, settings: Mapping[str, Any], as_parts: bool) -> Frame:
    def turn(role: str, slot: str) -> dict[str, Any]:
        padded = f" {slot} "
        return {"role": role, "content": [{"type": "text", "text": padded}] if as_parts else padded}

    turns = [turn("user", _PROMPT), turn("assistant", _ANSWER)]
    text: str = tokenizer.apply_chat_template(turns, tokenize=False, add_generation_prompt=True, **settings)
    return Frame(_SLOT.sub(lambda slot: slot[0], _unpadded(text)), strips=f" {_ANSWER} " not in text)


def _unpadded(text: str) -> str:
    return re.sub(f" ({_SLOT.pattern}) ", r"\1", text)


def read_template_file(path: Path) -> str:
    """The text of a template file. Raises EvaluationError."""
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as e:
        why = e.strerror if isinstance(e, OSError) else "it is not UTF-8 text"
        raise EvaluationError(f"cannot read the judge's template {path}: {why}", cure="give the path of a file") from e


def file_frame(path: Path) -> Frame:
    """The frame in a file: Jinja (`*.jinja`, `*.j2`), else plain text in which `{prompt}` and `{answer}` are replaced.

    Raises EvaluationError for a file that cannot be read or rendered, or leaves out a turn.
    """
    text = read_template_file(path)
    try:
        if path.suffix in (".jinja", ".j2"):
            from jinja2 import StrictUndefined
            from jinja2.sandbox import ImmutableSandboxedEnvironment

            jinja = ImmutableSandboxedEnvironment(undefined=StrictUndefined, keep_trailing_newline=True)
            return Frame(jinja.from_string(text).render(prompt=_PROMPT, answer=_ANSWER), adds_bos=True)
        return Frame(text.replace("{prompt}", _PROMPT).replace("{answer}", _ANSWER), adds_bos=True)
    except Exception as e:  # template code raises what it likes
        why = next(iter(str(e).splitlines()), type(e).__name__)
        cure = "write {prompt} and {answer} where they belong, in Jinja {{ prompt }} and {{ answer }}"
        raise EvaluationError(Problem(f"the judge's template {path} cannot be used: {why}", cure)) from e


class Encoder:
    """Exchanges → token ids, in one frame and one tokenizer."""

    def __init__(self, tokenizer: Any, frame: Frame) -> None:
        self._tokenizer = tokenizer
        self._frame = frame
        bos = tokenizer.bos_token
        self._adds_bos = frame.adds_bos and not (bos and frame.text.startswith(bos))
        control = control_tokens(tokenizer)
        self._control = frozenset(control.values())
        self._words = markers(control, frame.text)
        self._expected = self._steering(self.harmless()[0])

    def encode(self, exchange: Exchange, *, clip_tokens: int | None = None) -> list[int] | None:
        """Token ids up to where the guard speaks, or None where judged text would still act as a control token.

        Args:
            clip_tokens: only so many tokens of the answer are judged.
        """
        answer = disarm(exchange.answer, self._words)
        if clip_tokens is not None:
            answer = self._clipped(answer, clip_tokens)
        ids = self._ids(self._frame.fill(disarm(exchange.prompt, self._words), answer))
        return ids if self._steering(ids) == self._expected else None

    def harmless(self, after: str = "") -> list[list[int]]:
        """A few exchanges that no guard objects to; `after` is what it has said already."""
        return [self._ids(self._frame.fill(e.prompt, e.answer) + after) for e in HARMLESS]

    def _ids(self, text: str) -> list[int]:
        ids: list[int] = self._tokenizer(text, add_special_tokens=self._adds_bos)["input_ids"]
        return ids

    def _steering(self, ids: list[int]) -> list[int]:
        return [i for i in ids if i in self._control]

    def _clipped(self, text: str, n_tokens: int) -> str:
        ids = self._tokenizer(text, add_special_tokens=False)["input_ids"]
        return text if len(ids) <= n_tokens else str(self._tokenizer.decode(ids[:n_tokens]))
