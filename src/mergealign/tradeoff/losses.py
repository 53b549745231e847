"""How unlikely a model finds the answers that are wanted: the objective of One Bad Model (arXiv 2406.14563).

    ℓ(prompt, answer) = −1/|answer| Σ_t log p(answer_t | prompt, answer_<t)     nats per token
    L_file            = mean of ℓ over the pairs of a file
    L                 = L_safety + α · L_expert

where the prompt is rendered by the chat template, up to where the answer begins.

The paper maximizes the same with the sign turned, with α = 0.3, on answers that it generates. Here the answers are
given, and help with harmless look-alikes is part of L_safety, so that refusing everything does not pay. The token that
ends a turn is not part of an answer: many experts do not know the template's. Nothing is generated: a pair takes one
forward pass over prompt and answer.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from math import isfinite
from typing import TYPE_CHECKING

from ..errors import EvaluationError, NumericsError, Problem
from ..models.chat import ChatFormat
from ..record.study import Loss
from .pairs import AnswerFile, Answers

if TYPE_CHECKING:
    from ..models.causal_lm import CausalLM

__all__ = ["EncodedAnswers", "EncodedPair", "encode_answers", "measure_loss"]

_SHOWN = 20


@dataclass(frozen=True)
class EncodedPair:
    """Token ids of a rendered prompt and its answer, and how many of them, at the end, are the answer."""

    ids: tuple[int, ...]
    n_answer: int


@dataclass(frozen=True)
class EncodedAnswers:
    """Both files as a model reads them, and the weight of the expert's."""

    safety: tuple[EncodedPair, ...]
    expert: tuple[EncodedPair, ...]
    alpha: float

    @property
    def n_pairs(self) -> int:
        return len(self.safety) + len(self.expert)


def encode_answers(answers: Answers, chat: ChatFormat, context_tokens: int | None) -> EncodedAnswers:
    """Token ids of all pairs. Raises EvaluationError naming file and line of each that exceeds the context."""
    problems: list[Problem] = []
    safety, expert = (_encode(file, chat, context_tokens, problems) for file in (answers.safety, answers.expert))
    if problems:
        more = len(problems) - _SHOWN
        raise EvaluationError(*problems[:_SHOWN], *([f"{more} more pairs do not fit"] if more > 0 else []))
    return EncodedAnswers(safety, expert, answers.alpha)


def _encode(
    file: AnswerFile, chat: ChatFormat, context_tokens: int | None, problems: list[Problem]
) -> tuple[EncodedPair, ...]:
    found = []
    for pair in file.pairs:
        rendered = chat.render(pair.prompt)
        prompt, ids = chat.encode(rendered), chat.encode(rendered + chat.lead + pair.answer)
        # a token may reach over the end of the prompt: it then belongs to the answer
        n_prompt = next((n for n, (a, b) in enumerate(zip(prompt, ids, strict=False)) if a != b), len(prompt))
        if context_tokens is not None and len(ids) > context_tokens:
            what = f"{pair.where}: prompt and answer are {len(ids)} tokens; the model reads {context_tokens}"
            problems.append(Problem(what, "shorten the pair, or leave it out"))
        elif not 0 < n_prompt < len(ids):
            problems.append(Problem(f"{pair.where}: the answer has no tokens of its own", "give another answer"))
        found.append(EncodedPair(tuple(ids), len(ids) - n_prompt))
    return tuple(found)


def measure_loss(lm: CausalLM, answers: EncodedAnswers) -> Loss:
    """L of the model as it is now. Raises NumericsError where it is not a finite number.

    Each file is batched for itself, so that its part does not depend on the other one.
    """
    safety, expert = (_mean(_negative_log_likelihoods(lm, pairs)) for pairs in (answers.safety, answers.expert))
    total = safety + answers.alpha * expert
    if not isfinite(total):
        raise NumericsError("the loss on the given answers is not a finite number", cure="try other weights")
    return Loss(safety=safety, expert=expert, total=total)


def _mean(values: Sequence[float]) -> float:
    return sum(values) / len(values)


def _negative_log_likelihoods(lm: CausalLM, pairs: Sequence[EncodedPair]) -> list[float]:
    """ℓ of each pair. Rows are padded at their end, where causal attention does not look."""
    import torch

    found = [0.0] * len(pairs)
    for batch in _batches(pairs, lm.batch_size):
        width = max(len(pairs[n].ids) for n in batch)
        rows = [[*pairs[n].ids, *[0] * (width - len(pairs[n].ids))] for n in batch]
        ids = torch.tensor(rows, device=lm.model.device)  # [batch, width]
        asked = torch.zeros(ids.shape, dtype=torch.bool)
        for row, n in enumerate(batch):
            asked[row, len(pairs[n].ids) - pairs[n].n_answer : len(pairs[n].ids)] = True
        asked = asked[:, 1:].to(ids.device)
        with torch.inference_mode():
            logits = lm.model(ids, use_cache=False).logits[:, :-1][asked]  # [answer tokens of the batch, vocabulary]
            per_token = torch.nn.functional.cross_entropy(logits.float(), ids[:, 1:][asked], reduction="none")
        parts = per_token.double().cpu().split([pairs[n].n_answer for n in batch])
        for n, part in zip(batch, parts, strict=True):
            found[n] = float(part.mean())
    return found


def _batches(pairs: Sequence[EncodedPair], size: int) -> Iterator[list[int]]:
    """Numbers of pairs, those of a length together, the longest first: what does not fit into memory fails at once."""
    order = sorted(range(len(pairs)), key=lambda n: -len(pairs[n].ids))
    for start in range(0, len(order), size):
        yield order[start : start + size]
