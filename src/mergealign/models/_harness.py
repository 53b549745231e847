"""A CausalLM as lm-evaluation-harness sees it. Imported late: this module needs torch and lm-eval."""

from __future__ import annotations

import copy
import sys
from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING, Any, TypeVar

from lm_eval.models.huggingface import HFLM
from lm_eval.models.utils import normalize_gen_kwargs

from . import Memo, Progress, Turn

if TYPE_CHECKING:
    from lm_eval.api.instance import Instance

    from .causal_lm import CausalLM

__all__ = ["CHUNK_BATCHES", "LiveLM", "chunks", "remembered"]

CHUNK_BATCHES = 16
"""lm-eval sorts requests by length and batches them; here it is handed chunks of so many batches, in the order of the
items, each of which is kept or redone whole. One call for everything would pad a bit less and lose more to a kill."""

R = TypeVar("R")


class LiveLM(HFLM):  # type: ignore[misc]  # lm-eval is not typed
    """The live model for log-likelihood requests, and for generation with stop strings.

    Contexts are rendered already, so BOS is never added. Where lm-eval would shorten a context that is too long, this
    raises. The tokenizer is copied, because lm-eval gives it a padding token; the copy does not warn of long texts.
    """

    def __init__(self, lm: CausalLM, progress: Progress | None = None) -> None:
        tokenizer = copy.deepcopy(lm.tokenizer)
        tokenizer.model_max_length = sys.maxsize
        super().__init__(
            pretrained=lm.model,
            tokenizer=tokenizer,
            batch_size=lm.batch_size,
            add_bos_token=False,
            max_length=lm.context_tokens,
        )
        self._lm = lm
        self._progress = progress
        self._names: list[str] = []
        if progress:
            self.set_cache_hook(_Count(progress))

    def apply_chat_template(self, chat_history: list[dict[str, str]], add_generation_prompt: bool = True) -> str:
        if not add_generation_prompt:
            return str(super().apply_chat_template(chat_history, add_generation_prompt=False))
        return self._lm.format.render_turns([Turn(m["role"], m["content"]) for m in chat_history])

    def loglikelihood(self, requests: list[Instance], disable_tqdm: bool = True) -> list[tuple[float, bool]]:
        self._names = _names(requests)
        try:
            scores: list[tuple[float, bool]] = super().loglikelihood(requests, disable_tqdm=disable_tqdm)
        finally:
            self._names = []
        return scores

    def _loglikelihood_tokens(self, requests: Any, disable_tqdm: bool = True, override_bs: int | None = None) -> Any:
        names = self._names or list(map(str, range(len(requests))))
        self._require_room(names, [len(context) + len(choice) for _, context, choice in requests], 0)

        score: Any = super()._loglikelihood_tokens

        def run(part: Sequence[Any]) -> list[Any]:
            return list(score(part, disable_tqdm=disable_tqdm, override_bs=override_bs))

        scores: list[Any] = []
        for part in chunks(names, requests, CHUNK_BATCHES * self._lm.batch_size):
            question = ["loglikelihood", self._lm.batch_size, [[context, choice] for _, context, choice in part]]
            scores += remembered(self._lm.memo, question, part, run, self._progress)
        return [(float(ll), bool(greedy)) for ll, greedy in scores]

    def generate_until(self, requests: list[Instance], disable_tqdm: bool = True) -> list[str]:
        from .causal_lm import blank_generation_config

        lm, names = self._lm, _names(requests)
        longest = [normalize_gen_kwargs(r.args[1], self.max_gen_toks)["max_gen_toks"] for r in requests]
        contexts = [self.tok_encode(r.args[0]) for r in requests]
        self._require_room(names, [len(c) + n for c, n in zip(contexts, longest, strict=True)], max(longest, default=0))

        write: Any = super().generate_until

        def run(part: Sequence[Instance]) -> list[str]:
            with blank_generation_config(lm.model, sorted(lm.stop_tokens)):
                return list(write(list(part), disable_tqdm=disable_tqdm))

        answers: list[str] = []
        for part in chunks(names, requests, CHUNK_BATCHES * lm.batch_size):
            question = ["generate_until", lm.batch_size, [list(r.args) for r in part]]
            answers += remembered(lm.memo, question, part, run, self._progress)
        return answers

    def _require_room(self, names: Sequence[str], n_tokens: Sequence[int], max_new_tokens: int) -> None:
        longest: dict[str, int] = {}
        for name, n in zip(names, n_tokens, strict=True):
            longest[name] = max(n, longest.get(name, 0))
        self._lm.require_room(longest, max_new_tokens)


def _names(requests: Sequence[Instance]) -> list[str]:
    return [str(r.doc.get("id", r.doc_id)) for r in requests]


def chunks(names: Sequence[str], requests: Sequence[R], size: int) -> Iterator[list[R]]:
    """Requests in their order, at most `size` at a time, those of one item (name) together even if they are more."""
    part: list[R] = []
    item: list[R] = []
    for n, request in enumerate(requests):
        item.append(request)
        if n + 1 < len(requests) and names[n + 1] == names[n]:
            continue
        if part and len(part) + len(item) > size:
            yield part
            part = []
        part += item
        item = []
    if part:
        yield part


def remembered(
    memo: Memo | None,
    question: Any,
    part: Sequence[R],
    run: Callable[[Sequence[R]], list[Any]],
    progress: Progress | None,
) -> list[Any]:
    """What `run` says to the requests of one chunk, or what the memo keeps of it. `run` tells progress by itself."""
    replies = memo.recall(question) if memo is not None else None
    if replies is not None:
        if progress:
            progress(len(part))
        return list(replies)
    replies = run(part)
    if memo is not None:
        memo.keep(question, replies)
    return replies


class _Count:
    """lm-eval tells its cache about every finished request; here nothing is cached, they are only counted."""

    def __init__(self, progress: Progress) -> None:
        self._progress = progress

    def add_partial(self, *_: object) -> None:
        self._progress(1)
