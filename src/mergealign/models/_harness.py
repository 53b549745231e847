"""A CausalLM as lm-evaluation-harness sees it. Imported late: this module needs torch and lm-eval."""

from __future__ import annotations

import copy
from typing import TYPE_CHECKING, Any

from lm_eval.models.huggingface import HFLM

from ..errors import EvaluationError, Problem
from . import Progress

if TYPE_CHECKING:
    from lm_eval.api.instance import Instance

    from .causal_lm import CausalLM

__all__ = ["LiveLM"]


class LiveLM(HFLM):  # type: ignore[misc]  # lm-eval is not typed
    """The live model for log-likelihood requests.

    Contexts are rendered already, so BOS is never added. Where lm-eval would shorten a context that is too long, this
    raises. The tokenizer is copied, because lm-eval gives it a padding token.
    """

    def __init__(self, lm: CausalLM, progress: Progress | None = None) -> None:
        super().__init__(
            pretrained=lm.model,
            tokenizer=copy.deepcopy(lm.tokenizer),
            batch_size=lm.batch_size,
            add_bos_token=False,
            max_length=lm.context_tokens,
        )
        if progress:
            self.set_cache_hook(_Count(progress))

    def loglikelihood(self, requests: list[Instance], disable_tqdm: bool = True) -> list[tuple[float, bool]]:
        self._names = [str(r.doc.get("id", r.doc_id)) for r in requests]
        scores: list[tuple[float, bool]] = super().loglikelihood(requests, disable_tqdm=disable_tqdm)
        return scores

    def _loglikelihood_tokens(self, requests: Any, disable_tqdm: bool = True, override_bs: int | None = None) -> Any:
        lengths = [len(context) + len(choice) for _, context, choice in requests]
        long = {name: n for name, n in zip(self._names, lengths, strict=True) if n > self.max_length}
        if long:
            raise EvaluationError(
                *(
                    Problem(f"item '{name}' needs {n} tokens; the model reads {self.max_length}", "leave the item out")
                    for name, n in long.items()
                )
            )
        return super()._loglikelihood_tokens(requests, disable_tqdm=disable_tqdm, override_bs=override_bs)


class _Count:
    """lm-eval tells its cache about every finished request; here nothing is cached, they are only counted."""

    def __init__(self, progress: Progress) -> None:
        self._progress = progress

    def add_partial(self, *_: object) -> None:
        self._progress(1)
