"""Any server that speaks the OpenAI protocol: vLLM, TGI, llama.cpp, `transformers serve`, hosted models.

The server applies its own chat template and decodes greedily (temperature 0). What it runs cannot be checked from here:
its answers are remembered for one run, unless the user vouches for them with a name.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import asdict, dataclass
from typing import Any

from ..errors import EvaluationError, Problem
from ..registry import did_you_mean
from . import Answer, Memo, Progress, Turn
from ._http import DownError, RefusedError, Server, checked_url

__all__ = ["Endpoint", "OpenAIModel"]

_TOO_LONG = (
    *(
        "context length",
        "context_length",
        "context size",
        "context_size",
        "too long",
        "maximum length",
        "max_model_len",
    ),
    *("max_new_tokens` must be", "must have less than"),  # TGI
)

_HELLO: dict[str, dict[str, Any]] = {
    "/chat/completions": {"messages": [{"role": "user", "content": "Hello"}]},
    "/completions": {"prompt": "Hello"},  # of a model without a chat template
}
_NOBODY = "mergealign-asks-whether-any-name-will-do"


@dataclass(frozen=True)
class Endpoint:
    """Where a served model is, as the user names it.

    Attributes:
        base_url: up to and including `/v1`.
        model: as the server calls it; None = the only one it serves.
    """

    base_url: str
    model: str | None = None

    @classmethod
    def parse(cls, text: str) -> Endpoint:
        """`http://host:8000/v1` or `http://host:8000/v1#MODEL`. Raises EvaluationError."""
        url, _, model = text.partition("#")
        return cls(checked_url(url), model or None)


class OpenAIModel:
    """Greedy answers from a server.

    Args:
        base_url: up to and including `/v1`.
        model: as the server calls it; None = the only one it serves.
        concurrency: requests at a time.
        timeout_s: longest wait for one answer.
        retries: how often a request is repeated while the server answers nothing at all.
        api_key_env: the environment variable that holds the key, if there is one.
        identity: the user's word for which weights answer there; without it answers are good for one run.
        skip_too_long: questions that do not fit into the server's context have no answer, instead of being an error.

    Raises EvaluationError if nothing answers there, the key is wrong or the model is not served.
    """

    def __init__(
        self,
        base_url: str,
        model: str | None = None,
        *,
        concurrency: int = 16,
        timeout_s: float = 600.0,
        retries: int = 6,
        api_key_env: str = "OPENAI_API_KEY",
        identity: str | None = None,
        skip_too_long: bool = False,
    ) -> None:
        self.concurrency = concurrency
        self._skip_too_long = skip_too_long
        self.memo: Memo | None = None
        self._vouched = identity
        self._server = Server(base_url, timeout_s, retries, api_key_env)
        self.model = self._known(model)
        self.name = f"{self._server.base_url}#{self.model}"

    @property
    def facts(self) -> dict[str, str]:
        return {"backend": "openai", "model": self.model, "vouched": self._vouched or "no"}

    def identity(self) -> dict[str, str]:
        """`facts`, and the address unless the user vouches. `"vouched": "no"` says: not good beyond this run."""
        return self.facts if self._vouched else {**self.facts, "base_url": self._server.base_url}

    def generate(
        self, prompts: Mapping[str, str], *, max_new_tokens: int, plain: bool = False, progress: Progress | None = None
    ) -> dict[str, Answer]:
        """Greedy answers by item id; `plain` prompts go to `/completions`, where no chat template is applied."""
        if plain:
            questions = {id_: ["plain", max_new_tokens, prompt] for id_, prompt in prompts.items()}
            return self._answers(questions, progress)
        turns = {id_: [Turn("user", prompt)] for id_, prompt in prompts.items()}
        return self.chat(turns, max_new_tokens=max_new_tokens, progress=progress)

    def chat(
        self, conversations: Mapping[str, Sequence[Turn]], *, max_new_tokens: int, progress: Progress | None = None
    ) -> dict[str, Answer]:
        """Greedy answers to conversations, by item id. Every answer is kept as soon as it is there.

        Raises EvaluationError naming the item that the server refused, or saying that the server is down.
        """
        questions = {
            id_: ["chat", max_new_tokens, [asdict(turn) for turn in turns]] for id_, turns in conversations.items()
        }
        return self._answers(questions, progress)

    def _answers(self, questions: Mapping[str, list[Any]], progress: Progress | None) -> dict[str, Answer]:
        found: dict[str, Answer] = {}
        asked: dict[str, list[Any]] = {}
        for id_, question in questions.items():
            reply = self.memo.recall(question) if self.memo is not None else None
            if reply is None:
                asked[id_] = question
            else:
                found[id_] = Answer(**reply)
        if progress and found:
            progress(len(found))
        for id_, answer in self._ask_all(asked):
            if answer is not None:
                found[id_] = answer
                if self.memo is not None:  # here and not in the thread: a cache belongs to one
                    self.memo.keep(asked[id_], asdict(answer))
            if progress:
                progress(1)
        return {id_: found[id_] for id_ in questions if id_ in found}

    def _ask_all(self, asked: Mapping[str, list[Any]]) -> Iterator[tuple[str, Answer | None]]:
        """(id, answer) as they come in. A failure ends all of it, after what came in with it was handed out."""
        self._server.stop = threading.Event()
        pool = ThreadPoolExecutor(max_workers=self.concurrency, thread_name_prefix="endpoint")
        try:
            running: dict[Future[Answer | None], str] = {
                pool.submit(self._ask, id_, question): id_ for id_, question in asked.items()
            }
            while running:
                done, _ = wait(running, return_when=FIRST_COMPLETED)
                failed: list[BaseException] = []
                for future in done:
                    id_ = running.pop(future)
                    if (error := future.exception()) is not None:
                        failed.append(error)
                    else:
                        yield id_, future.result()
                if failed:
                    raise failed[0]
        finally:
            self._server.stop.set()
            pool.shutdown(wait=False, cancel_futures=True)

    def _ask(self, id_: str, question: list[Any]) -> Answer | None:
        """None for a question that is too long and may be skipped."""
        kind, max_new_tokens, content = question
        path, key = ("/chat/completions", "messages") if kind == "chat" else ("/completions", "prompt")
        body = {"model": self.model, key: content, "max_tokens": max_new_tokens, "temperature": 0}
        try:
            return _answer(self._server.call(path, body, what=f" to item '{id_}'"))
        except RefusedError as e:
            if self._skip_too_long and _is_too_long(e):
                return None
            raise self._refused(e, id_) from None
        except (KeyError, TypeError, IndexError, ValueError):
            raise EvaluationError(
                f"the endpoint {self._server.base_url} answers item '{id_}' with something that is no completion",
                cure="give the base URL of an OpenAI-compatible server, up to and including /v1",
            ) from None

    def _refused(self, error: RefusedError, id_: str) -> EvaluationError:
        if error.status == 404:
            try:
                self._known(self.model)
            except EvaluationError as e:
                return e
        if _is_too_long(error):
            return EvaluationError(
                f"item '{id_}' does not fit into the context of {self.name}",
                cure="lower max_new_tokens in the suite, leave the item out, or start the server with a longer context",
            )
        return self._no(error.status, f" to item '{id_}'")

    def _no(self, status: int, to: str = "") -> EvaluationError:
        if status in (401, 403):
            return EvaluationError(
                f"the endpoint {self._server.base_url} wants another key (HTTP {status})",
                cure=f"put it into the environment variable {self._server.api_key_env}, or name another one by "
                "--api-key-env, for a judge by 'api_key_env' in the suite",
            )
        return EvaluationError(
            f"the endpoint {self._server.base_url} says HTTP {status}{to}",
            cure="look into the server's log; the base URL has to end where /chat/completions begins, and MODEL in "
            "URL#MODEL has to be what is served",
        )

    def _known(self, model: str | None) -> str:
        """The model's name, checked against the server's list where it has one.

        `transformers serve` lists what lies in its cache, not what it serves, and fails where it has no cache. So a
        name that is not listed counts as well if it answers, provided that any other name does not.
        """
        where = self._server.base_url
        try:
            known, broken = self._listed(), None
        except DownError as e:
            if e.status is None:
                raise
            known, broken = [], e
        if model is None:
            if len(known) == 1:
                return known[0]
            names = ", ".join(known[:20]) or "it has no list of them"
            raise EvaluationError(f"which model of {where}? ({names})", cure=f"name it: {where}#MODEL")
        if broken and not self._answers_as(model):
            raise EvaluationError(
                f"the endpoint {where} says HTTP {broken.status} when asked for its models, and nothing as '{model}'",
                cure="wait until the server is up, and name the model as it was started",
            )
        if known and model not in known and (not self._answers_as(model) or self._answers_as(_NOBODY)):
            cure = f"{did_you_mean(model, known)} (served: {', '.join(known[:20])})"
            raise EvaluationError(Problem(f"{where} does not serve '{model}'", cure))
        return model

    def _listed(self) -> list[str]:
        """The models that the server says it has; none if it has no such list."""
        try:
            listed = self._server.call("/models", retries=min(self._server.retries, 2))
        except RefusedError as e:
            if e.status not in (404, 405, 501):
                raise self._no(e.status) from None
            listed = {}
        entries = listed.get("data") if isinstance(listed, dict) else None
        return [str(m["id"]) for m in entries or [] if isinstance(m, dict) and "id" in m]

    def _answers_as(self, model: str) -> bool:
        """Whether the server says a word under this name, in a chat or behind a document."""
        for path, content in _HELLO.items():
            try:
                _answer(self._server.call(path, {"model": model, "max_tokens": 1, **content}, retries=0))
            except (DownError, RefusedError, KeyError, TypeError, IndexError, ValueError):
                continue
            return True
        return False

    def document(self, text: str) -> str:
        return text  # the server writes BOS

    def render(self, prompt: str) -> str:  # noqa: ARG002
        raise self._no_likelihoods()

    def continuation(self, answer: str) -> str:  # noqa: ARG002
        raise self._no_likelihoods()

    def harness(self, progress: Progress | None = None) -> Any:  # noqa: ARG002
        raise self._no_likelihoods()

    def _no_likelihoods(self) -> EvaluationError:
        return EvaluationError(
            f"log-likelihoods are not to be had from {self.name}: chat servers do not tell them for given answers",
            cure="leave tasks with choices out by --tasks, or evaluate the model's folder instead",
        )


def _is_too_long(error: RefusedError) -> bool:
    return error.status in (400, 413, 422) and any(word in error.body.lower() for word in _TOO_LONG)


def _answer(reply: Any) -> Answer:
    choice = reply["choices"][0]
    text = (
        choice["message"]["content"] if "message" in choice else choice["text"]
    ) or ""  # null where a model ends its turn at once
    if not isinstance(text, str):
        raise TypeError
    usage = reply.get("usage") or {}
    return Answer(text.strip(), choice.get("finish_reason") != "length", int(usage.get("completion_tokens") or 0))
