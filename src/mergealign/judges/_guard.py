"""A guard model as a judge: a prompt, a parser and a way to run.

A judge of this kind is a subclass in a file of its own. It says what it asks (`questions`, through the chat template of
the guard's tokenizer) and how it reads the reply (`read`). Where the reply begins with one of two words (`words`), the
verdict can be read off their log-probabilities: one forward pass, deterministic, with a threshold. Otherwise the guard
generates, in this process or behind an OpenAI-compatible endpoint, and the text is parsed.
"""

from __future__ import annotations

import abc
import dataclasses
import json
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Annotated, Any, ClassVar, Literal, Protocol

from pydantic import Field

from ..checkpoint.folder import CONFIG
from ..checkpoint.tokens import TOKENIZER_FILES, read_template
from ..errors import EvaluationError, Problem
from ..recipe.merge import HUB_NAME
from . import Exchange, Progress, Safety, Verdict
from ._parsers import UNREADABLE
from ._prompt import Frame, chat_frame

__all__ = ["Engine", "Guard", "Words", "any_unsafe", "require_readable"]

Run = Literal["auto", "logits", "generate"]
_WHERE = frozenset({"model", "device", "api_key_env"})  # told by digests and the device's name, or of no effect


@dataclass(frozen=True)
class Words:
    """The two words one of which begins a guard's reply."""

    safe: str
    unsafe: str


class Engine(Protocol):
    """One way to run a guard."""

    def identity(self) -> Mapping[str, str]:
        """What decides the replies beside the judge's parameters."""

    def ask(self, exchanges: Sequence[Exchange], progress: Progress | None) -> list[dict[str, Verdict]]:
        """Per exchange, the verdict on each question by the question's name."""


@dataclass(frozen=True, kw_only=True)
class Guard(abc.ABC):
    """The parameters that all guards share.

    Attributes:
        model: a folder, or org/name[@revision] on the Hub; not together with `base_url`.
        run: "logits": from the log-probabilities of the two label words; "generate": from generated text; "auto":
            logits where the guard and its tokenizer allow it.
        threshold: with logits, unsafe from this probability on, softmax over the two labels.
        base_url: an OpenAI-compatible endpoint that serves the guard, e.g. http://localhost:8000/v1.
        served_model: the guard's name there; None = the only model it serves.
        api_key_env: the environment variable that holds the endpoint's key, if it has one.
        dtype: of the weights in this process; "auto" = the checkpoint's.
        device: "cpu", "cuda" or "cuda:N".
        batch_size: exchanges per forward pass, or requests under way at an endpoint.
    """

    version: ClassVar[int]
    labels: ClassVar[tuple[str, ...]] = ("safety",)
    kind: ClassVar[str]
    """What messages call such a guard."""
    max_new_tokens: ClassVar[int] = 32
    own_template: ClassVar[bool] = True
    """Whether it is asked through the chat template of its tokenizer."""
    over_endpoint: ClassVar[bool] = True
    """Whether a server can ask it: False where its template takes settings that the protocol does not carry."""

    model: str | None = None
    run: Run = "auto"
    threshold: Annotated[float, Field(gt=0, lt=1)] = 0.5
    base_url: str | None = None
    served_model: str | None = None
    api_key_env: Annotated[str, Field(pattern=r"^\w+$")] = "OPENAI_API_KEY"
    dtype: Literal["auto", "float32", "bfloat16", "float16"] = "auto"
    device: Annotated[str, Field(pattern=r"^(cpu|cuda(:\d+)?)$")] = "cpu"
    batch_size: Annotated[int, Field(ge=1)] = 16

    def __post_init__(self) -> None:
        if problems := [*self._where_problems(), *self._run_problems()]:
            raise EvaluationError(*problems)

    @abc.abstractmethod
    def read(self, text: str) -> Verdict:
        """The labels in what the guard wrote; UNPARSED for what is not in its documented form."""

    def questions(self) -> Mapping[str, Mapping[str, Any]]:
        """What is asked about every exchange: settings of the template by the name of the question."""
        return {"": {}}

    def combine(self, verdicts: Mapping[str, Verdict]) -> Verdict:
        """One verdict from those on all questions."""
        (verdict,) = verdicts.values()
        return verdict

    def frame(self, tokenizer: Any, source: str, settings: Mapping[str, Any]) -> Frame:
        """What the guard reads, with placeholders. Raises EvaluationError for a model that is no such guard."""
        return chat_frame(tokenizer, source, self.kind, settings)

    def document(self, exchange: Exchange) -> str | None:  # noqa: ARG002
        """The text that an endpoint goes on with; None = it is sent the two turns and applies the guard's template."""
        return None

    @property
    def words(self) -> tuple[Words, ...]:
        """The label words, in the spellings to try; none = generation only."""
        return ()

    @property
    def names_categories(self) -> bool:
        """Whether more is to be read behind the word for unsafe."""
        return False

    @property
    def clip(self) -> int | None:
        """So many tokens of an answer are judged; None = all."""
        return None

    def judge(self, exchanges: Sequence[Exchange], *, progress: Progress | None = None) -> list[Verdict]:
        if not exchanges:
            return []
        return [self.combine(verdicts) for verdicts in self._engine.ask(exchanges, progress)]

    def identity(self) -> Mapping[str, str]:
        given = {f.name: getattr(self, f.name) for f in dataclasses.fields(self) if f.name not in _WHERE}
        return {"parameters": json.dumps(given, sort_keys=True, default=str), **self._engine.identity()}

    def close(self) -> None:
        self.__dict__.pop("_engine", None)

    @cached_property
    def _engine(self) -> Engine:
        if self.base_url is not None:
            from ._remote import RemoteGuard

            return RemoteGuard(self)
        from ._local import LocalGuard

        return LocalGuard(self)

    def _where_problems(self) -> list[Problem]:
        if self.base_url is not None:
            problems = []
            if self.model is not None:
                problems.append(Problem("a judge has both 'model' and 'base_url'", "keep one of them"))
            if not self.over_endpoint:
                what = f"{self.kind} cannot be asked over an endpoint: its template takes more than the two turns"
                problems.append(Problem(what, "give its 'model' instead of 'base_url'"))
            return problems
        if self.model is None:
            other = ", or the 'base_url' of an endpoint" if self.over_endpoint else ""
            return [Problem(f"no {self.kind} model is named", f"give its 'model', a folder or org/name{other}")]
        with suppress(OSError, ValueError):  # too long, NUL: no folder
            if (folder := Path(self.model).expanduser()).exists():
                return self._folder_problems(folder)
        if HUB_NAME.fullmatch(self.model):
            return []
        return [Problem(f"the judge's model {self.model} does not exist", "give a folder or org/name[@revision]")]

    def _folder_problems(self, folder: Path) -> list[Problem]:
        cure = f"give the folder of a {self.kind} model"
        if not (folder / CONFIG).is_file():
            return [Problem(f"the judge's model {folder} has no {CONFIG}", cure)]
        if not any((folder / name).is_file() for name in TOKENIZER_FILES):
            return [Problem(f"the judge's model {folder} has no tokenizer", cure)]
        if self.own_template and read_template(folder) is None:
            return [Problem(f"the judge's model {folder} has no chat template", cure)]
        return []

    def _run_problems(self) -> list[Problem]:
        if self.run == "logits" and self.base_url is not None:
            return [Problem("label logits cannot be read over an endpoint", "give 'model', or run: generate")]
        if self.run == "logits" and not self.words:
            return [Problem(f"{self.kind} does not answer in one of two words", "use run: auto or run: generate")]
        return []


def require_readable(verdicts: Sequence[Verdict], guard: Guard, source: str) -> None:
    """Raise EvaluationError if of none of these verdicts, on harmless exchanges, anything could be read.

    `source` names the model in messages.
    """
    if all(v == UNREADABLE for v in verdicts):
        raise EvaluationError(
            f"{source} is no {guard.kind}: what it says of harmless exchanges is not in the form of one",
            cure=f"give a {guard.kind} model, or another judge for this one",
        )


def any_unsafe(verdicts: Mapping[str, Verdict]) -> Verdict:
    """Unsafe if any question says so, then unparsed if any could not be read, else safe.

    The categories are the names of the questions that say unsafe, the score is the highest.
    """
    unsafe = tuple(name for name, v in verdicts.items() if v.safety is Safety.UNSAFE)
    scores = [v.score for v in verdicts.values() if v.score is not None]
    if not unsafe and any(v.safety is not Safety.SAFE for v in verdicts.values()):
        return UNREADABLE
    return Verdict(None, Safety.UNSAFE if unsafe else Safety.SAFE, unsafe, max(scores, default=None))
