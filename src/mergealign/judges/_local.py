"""A guard model in this process: verdicts from the log-probabilities of two label words, or from generated text."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import product
from typing import TYPE_CHECKING

from ..checkpoint.digest import bytes_digest
from ..checkpoint.hub import resolve_source
from ..errors import EvaluationError, Problem
from ..models.causal_lm import CausalLM
from ..models.identity import device_name, folder_identity
from ..models.loading import load_tokenizer, require_device
from ..record.versions import software_versions
from . import Exchange, Progress, Safety, Verdict
from ._guard import require_readable
from ._parsers import UNREADABLE
from ._prompt import Encoder

if TYPE_CHECKING:
    from ._guard import Guard, Words

__all__ = ["MIN_LABEL_MASS", "LocalGuard"]

PACKAGES = ("torch", "transformers", "tokenizers")
MIN_LABEL_MASS = 0.5
"""Where the two labels together are less probable than this, the guard means to say something else: unparsed."""
_LEADS = ("", "\n\n", "\n", " ")  # what guards put before their verdict; Llama Guard 3 begins with an empty line
_LABEL_TOKENS, _CATEGORY_TOKENS = 8, 24


@dataclass(frozen=True)
class _Labels:
    """Where and how the verdict can be read off: behind the tokens of `lead`, where the two words part."""

    lead: tuple[int, ...]
    words: Words
    safe: tuple[int, ...]
    unsafe: tuple[int, ...]


class LocalGuard:
    """The tokenizer is loaded at once and the prompt built from it, the weights by the first call of `ask`."""

    def __init__(self, guard: Guard) -> None:
        self._guard = guard
        assert guard.model is not None
        require_device(guard.device)
        source = resolve_source(guard.model)
        self._name, self._folder = source.source, source.folder
        tokenizer = load_tokenizer(source.folder)
        self._frames = {name: guard.frame(tokenizer, self._name, s) for name, s in guard.questions().items()}
        self._encoders = {name: Encoder(tokenizer, frame) for name, frame in self._frames.items()}

    def identity(self) -> Mapping[str, str]:
        import torch

        frames = "\0".join(f"{name}\0{frame.text}" for name, frame in self._frames.items())
        return {
            "backend": "transformers",
            "prompt": bytes_digest(frames.encode()),
            "device": device_name(torch.device(self._guard.device)),
            **folder_identity(self._folder),
            **software_versions(PACKAGES),
        }

    def ask(self, exchanges: Sequence[Exchange], progress: Progress | None) -> list[dict[str, Verdict]]:
        keys = [(n, name) for n in range(len(exchanges)) for name in self._encoders]
        clip = self._guard.clip
        prompts = {f"{n}/{name}": self._encoders[name].encode(exchanges[n], clip_tokens=clip) for n, name in keys}
        room = self._room
        ids = {key: p for key, p in prompts.items() if p is not None and (room is None or len(p) <= room)}
        told = _Whole(progress, len(self._encoders))
        if self._labels:
            found = self._by_logits(ids, self._labels, told)
        else:
            require_readable(self._harmless, self._guard, self._name)
            found = self._by_text(ids, told)
        told.rest(len(keys))
        verdicts: list[dict[str, Verdict]] = [{} for _ in exchanges]
        for n, name in keys:
            verdicts[n][name] = found.get(f"{n}/{name}", UNREADABLE)
        return verdicts

    def _by_text(self, ids: Mapping[str, list[int]], progress: Progress | None) -> dict[str, Verdict]:
        replies = self._model.complete(ids, max_new_tokens=self._guard.max_new_tokens, progress=progress)
        return {key: self._guard.read(reply.text) for key, reply in replies.items()}

    def _by_logits(self, ids: Mapping[str, list[int]], labels: _Labels, progress: Progress) -> dict[str, Verdict]:
        led = {key: [*prompt, *labels.lead] for key, prompt in ids.items()}
        logprobs = self._model.next_token_logprobs(led, [labels.safe[0], labels.unsafe[0]], progress=progress)
        found = {key: _verdict(safe, unsafe, self._guard.threshold) for key, (safe, unsafe) in logprobs.items()}
        if self._guard.names_categories:
            unsafe = {key: led[key] for key, v in found.items() if v.safety is Safety.UNSAFE}
            for key, categories in self._categories(unsafe, labels).items():
                found[key] = Verdict(None, Safety.UNSAFE, categories, found[key].score)
        return found

    def _categories(self, ids: Mapping[str, list[int]], labels: _Labels) -> dict[str, tuple[str, ...]]:
        """What the guard goes on to say behind its word for unsafe."""
        said = {key: [*prompt, *labels.unsafe] for key, prompt in ids.items()}
        replies = self._model.complete(said, max_new_tokens=_CATEGORY_TOKENS)
        return {
            key: self._guard.read(f"{labels.words.unsafe}\n{reply.text}").categories for key, reply in replies.items()
        }

    @property
    def _room(self) -> int | None:
        """The longest prompt; longer exchanges are unparsed, for a guard that sees half an answer would guess."""
        limit = self._model.context_tokens
        if limit is None:
            return None
        return limit - (_LABEL_TOKENS + _CATEGORY_TOKENS if self._labels else self._guard.max_new_tokens)

    @cached_property
    def _model(self) -> CausalLM:
        return CausalLM.load(
            self._folder, batch_size=self._guard.batch_size, device=self._guard.device, dtype=self._guard.dtype
        )

    @cached_property
    def _harmless(self) -> list[Verdict]:
        """What it says of harmless exchanges: a guard can be read on one of them at least."""
        prompts = [ids for encoder in self._encoders.values() for ids in encoder.harmless()]
        return list(self._by_text({str(n): ids for n, ids in enumerate(prompts)}, None).values())

    @cached_property
    def _labels(self) -> _Labels | None:
        """Where the labels stand: in the first place where a harmless exchange gets one of them; None = generate."""
        if self._guard.run == "generate" or not self._guard.words:
            return None
        encoder = next(iter(self._encoders.values()))
        for lead, words in product(_LEADS, self._guard.words):
            if (labels := _spelled(encoder, lead, words)) is None:
                continue
            ids = {str(n): [*prompt, *labels.lead] for n, prompt in enumerate(encoder.harmless())}
            logprobs = self._model.next_token_logprobs(ids, [labels.safe[0], labels.unsafe[0]]).values()
            if max(sum(map(math.exp, both)) for both in logprobs) >= MIN_LABEL_MASS:
                return labels
        if self._guard.run == "logits":
            spelled = " or ".join(f"{w.safe}/{w.unsafe}" for w in self._guard.words)
            what = f"{self._name} does not begin its reply with one of the labels {spelled}"
            raise EvaluationError(Problem(what, f"give a {self._guard.kind} model, or use run: generate"))
        return None


def _spelled(encoder: Encoder, lead: str, words: Words) -> _Labels | None:
    """The tokens of the two words behind prompt and `lead`, or None where they cannot be told from what is before them.

    Tokens that both begin with, such as one for a blank, belong to the lead.
    """
    before, safe, unsafe = (encoder.harmless(said)[0] for said in ("", lead + words.safe, lead + words.unsafe))
    n = next((n for n, (a, b) in enumerate(zip(safe, unsafe, strict=False)) if a != b), None)
    if n is None or n < len(before) or safe[: len(before)] != before:
        return None
    return _Labels(tuple(safe[len(before) : n]), words, tuple(safe[n:]), tuple(unsafe[n:]))


def _verdict(safe: float, unsafe: float, threshold: float) -> Verdict:
    """From the log-probabilities (nats) of the two labels."""
    mass = math.exp(safe) + math.exp(unsafe)
    if not mass >= MIN_LABEL_MASS:  # also where it is not a number
        return UNREADABLE
    score = math.exp(unsafe) / mass
    return Verdict(None, Safety.UNSAFE if score >= threshold else Safety.SAFE, score=score)


class _Whole:
    """Counts questions, tells exchanges."""

    def __init__(self, progress: Progress | None, questions: int) -> None:
        self._progress, self._questions = progress, questions
        self._asked = self._told = 0

    def __call__(self, n: int) -> None:
        self._asked += n
        done = self._asked // self._questions
        if self._progress and done > self._told:
            self._progress(done - self._told)
        self._told = done

    def rest(self, n_asked: int) -> None:
        """Those that were not asked are done too."""
        self(n_asked - self._asked)
