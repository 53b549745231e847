"""A causal language model in this process, through transformers."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..errors import EvaluationError, Problem
from . import Answer, Memo, Progress, Turn
from .chat import ChatFormat, chat_format, encode
from .identity import memory_identity
from .loading import load_model

if TYPE_CHECKING:
    import torch
    from transformers import PreTrainedModel, PreTrainedTokenizerBase

__all__ = ["CausalLM", "blank_generation_config", "too_long"]

WINDOW_BATCHES = 8
"""So many batches in a row, in the order of the items, share their prompts out by length."""
_SHOWN = 20  # items named in one error


class CausalLM:
    """Greedy answers from a model in memory. Its weights may change between calls, as long as it has no `memo`.

    Args:
        model: a transformers model with a language-modelling head; it is put into evaluation mode.
        tokenizer: its tokenizer; not changed.
        chat_template: Jinja text that replaces the tokenizer's own template. Without either, the model still completes
            token ids; whatever needs a chat raises EvaluationError.
        batch_size: sequences per forward pass.
        name: what messages call it.
    """

    def __init__(
        self,
        model: PreTrainedModel,
        tokenizer: PreTrainedTokenizerBase,
        *,
        chat_template: str | None = None,
        batch_size: int = 64,
        name: str = "the model",
    ) -> None:
        self.model = model.eval()
        self.tokenizer = tokenizer
        self.chat_template = chat_template
        self.batch_size = batch_size
        self.name = name
        self.memo: Memo | None = None
        self._format: ChatFormat | None = None
        if chat_template is not None or tokenizer.chat_template:
            with contextlib.suppress(EvaluationError):  # raised again where a chat is asked for
                self._format = chat_format(tokenizer, chat_template, name)

    @classmethod
    def load(
        cls,
        folder: Path,
        *,
        chat_template: str | None = None,
        batch_size: int = 64,
        device: str = "cpu",
        dtype: str = "auto",
    ) -> CausalLM:
        """A model from a folder, in the checkpoint's own dtype unless `dtype` names another."""
        model, tokenizer = load_model(folder, device=device, dtype=dtype)
        return cls(model, tokenizer, chat_template=chat_template, batch_size=batch_size, name=str(folder))

    @property
    def format(self) -> ChatFormat:
        """The chat template and what follows from it. Raises EvaluationError if there is none that works."""
        if self._format is None:
            self._format = chat_format(self.tokenizer, self.chat_template, self.name)
        return self._format

    @property
    def facts(self) -> dict[str, str]:
        return {
            "backend": "transformers",
            "dtype": str(self.model.dtype).removeprefix("torch."),
            "device": str(self.model.device.type),
            "chat_template_sha256": sha256(self._format.template.encode()).hexdigest() if self._format else "",
            "stop_tokens": ",".join(map(str, sorted(self.stop_tokens))),
        }

    def identity(self) -> dict[str, str]:
        """`facts`, and digests of weights, config and tokenizer as they are in memory now. Reads every weight."""
        attention = str(getattr(self.model.config, "_attn_implementation", ""))
        return {**self.facts, "attention": attention, **memory_identity(self.model, self.tokenizer)}

    @property
    def stop_tokens(self) -> set[int]:
        """Tokens that end an answer: what the model itself declares, and the template's end of turn."""
        declared = self.model.generation_config.eos_token_id
        own = {declared} if isinstance(declared, int) else set(declared or ())
        return own | ({self._format.stop} if self._format and self._format.stop is not None else set())

    @property
    def context_tokens(self) -> int | None:
        """The longest sequence the model was built for."""
        return getattr(self.model.config.get_text_config(), "max_position_embeddings", None)

    def render(self, prompt: str) -> str:
        return self.format.render(prompt)

    def continuation(self, answer: str) -> str:
        return self.format.lead + answer

    def document(self, text: str) -> str:
        """Behind BOS if the tokenizer puts one in front of text by itself: only then was the model trained with it."""
        bos = self.tokenizer.bos_token_id
        begins = bos is not None and self.tokenizer.encode("a")[:1] == [bos]
        return f"{self.tokenizer.bos_token}{text}" if begins else text

    def generate(
        self, prompts: Mapping[str, str], *, max_new_tokens: int, plain: bool = False, progress: Progress | None = None
    ) -> dict[str, Answer]:
        """Greedy answers by item id; `plain` prompts are documents, read as `document` gives them."""
        if plain:
            encoded = {id_: encode(self.tokenizer, self.document(prompt)) for id_, prompt in prompts.items()}
            return self.complete(encoded, max_new_tokens=max_new_tokens, progress=progress)
        turns = {id_: [Turn("user", prompt)] for id_, prompt in prompts.items()}
        return self.chat(turns, max_new_tokens=max_new_tokens, progress=progress)

    def chat(
        self, conversations: Mapping[str, Sequence[Turn]], *, max_new_tokens: int, progress: Progress | None = None
    ) -> dict[str, Answer]:
        """Greedy answers to conversations, through the chat template."""
        form = self.format
        encoded = {id_: form.encode(form.render_turns(turns)) for id_, turns in conversations.items()}
        return self.complete(encoded, max_new_tokens=max_new_tokens, progress=progress)

    def complete(
        self, token_ids: Mapping[str, Sequence[int]], *, max_new_tokens: int, progress: Progress | None = None
    ) -> dict[str, Answer]:
        """Greedy answers to prompts that are rendered and tokenized already, by item id.

        Batches are a function of the items and their order. Raises EvaluationError naming every item that does not fit.
        """
        self.require_room({id_: len(ids) + max_new_tokens for id_, ids in token_ids.items()}, max_new_tokens)

        def run(rows: list[list[int]]) -> list[dict[str, Any]]:
            return [asdict(answer) for answer in self._answer(rows, max_new_tokens)]

        found = self._in_batches(token_ids, ["complete", max_new_tokens], run, progress)
        return {id_: Answer(**answer) for id_, answer in found.items()}

    def next_token_logprobs(
        self, token_ids: Mapping[str, Sequence[int]], labels: Sequence[int], *, progress: Progress | None = None
    ) -> dict[str, tuple[float, ...]]:
        """log p (nats) of each token of `labels` as the next one, by item id: softmax over the whole vocabulary."""
        self.require_room({id_: len(ids) + 1 for id_, ids in token_ids.items()}, 1)

        def run(rows: list[list[int]]) -> list[list[float]]:
            logits = self._generate(rows, 1, output_logits=True, return_dict_in_generate=True).logits[0]
            chosen: list[list[float]] = logits.double().log_softmax(-1)[:, list(labels)].tolist()  # [batch, labels]
            return chosen

        found = self._in_batches(token_ids, ["next", *labels], run, progress)
        return {id_: tuple(values) for id_, values in found.items()}

    def _in_batches(
        self,
        token_ids: Mapping[str, Sequence[int]],
        question: list[Any],
        run: Callable[[list[list[int]]], list[Any]],
        progress: Progress | None,
    ) -> dict[str, Any]:
        """What `run` says to each batch, or what the memo remembers of it; by item, in the order of the items."""
        found: dict[str, Any] = {}
        for batch in _batches({id_: len(ids) for id_, ids in token_ids.items()}, self.batch_size):
            rows = [list(token_ids[id_]) for id_ in batch]
            asked = [*question, rows]
            replies = self.memo.recall(asked) if self.memo is not None else None
            if replies is None:
                replies = run(rows)
                if self.memo is not None:
                    self.memo.keep(asked, replies)
            found.update(zip(batch, replies, strict=True))
            if progress:
                progress(len(batch))
        return {id_: found[id_] for id_ in token_ids}

    def _answer(self, rows: Sequence[list[int]], max_new_tokens: int) -> list[Answer]:
        out: torch.Tensor = self._generate(rows, max_new_tokens)
        width = max(map(len, rows))
        return [self._read(row) for row in out[:, width:].tolist()]

    def _generate(self, rows: Sequence[list[int]], max_new_tokens: int, **options: Any) -> Any:
        import torch
        from transformers import GenerationConfig

        stop = sorted(self.stop_tokens)
        pad = stop[0] if stop else 0  # masked in prompts, and cut off behind the stop token of an answer
        width = max(map(len, rows))
        ids = torch.tensor([[pad] * (width - len(row)) + row for row in rows])  # [batch, width], left-padded
        seen = torch.tensor([[0] * (width - len(row)) + [1] * len(row) for row in rows])
        greedy = GenerationConfig(
            do_sample=False,
            num_beams=1,
            max_new_tokens=max_new_tokens,
            eos_token_id=stop or None,
            pad_token_id=pad,
            **options,
        )
        device = self.model.device
        with torch.inference_mode(), blank_generation_config(self.model):
            return self.model.generate(ids.to(device), attention_mask=seen.to(device), generation_config=greedy)

    def _read(self, row: list[int]) -> Answer:
        stop = self.stop_tokens
        end = next((n for n, token in enumerate(row) if token in stop), None)
        text = self.tokenizer.decode(row[:end], skip_special_tokens=True)
        return Answer(text.strip(), end is not None, len(row[:end]))

    def harness(self, progress: Progress | None = None) -> Any:
        from ._harness import LiveLM

        return LiveLM(self, progress)

    def require_room(self, n_tokens: Mapping[str, int], max_new_tokens: int) -> None:
        """Raises EvaluationError naming the items whose prompt and answer (`n_tokens` together) exceed the context."""
        limit = self.context_tokens
        if limit is not None and (long := {id_: n for id_, n in n_tokens.items() if n > limit}):
            raise too_long(long, max_new_tokens, f"{self.name} reads {limit}")


def too_long(n_tokens: Mapping[str, int], max_new_tokens: int, reads: str) -> EvaluationError:
    """The error for items that do not fit, by id; `reads` says what the model can read."""
    answer = f" tokens, {max_new_tokens} of them for the answer" if max_new_tokens else " tokens"
    cure = "lower max_new_tokens in the suite, or leave the item out" if max_new_tokens else "leave the item out"
    shown = [Problem(f"item '{id_}' needs {n}{answer}; {reads}", cure) for id_, n in list(n_tokens.items())[:_SHOWN]]
    if len(n_tokens) > _SHOWN:
        shown.append(Problem(f"{len(n_tokens) - _SHOWN} more items do not fit"))
    return EvaluationError(*shown)


def _batches(lengths: Mapping[str, int], size: int) -> Iterator[list[str]]:
    """Item ids by batch: windows in the order of the items, sorted by length inside, the longest first."""
    ids = list(lengths)
    for start in range(0, len(ids), WINDOW_BATCHES * size):
        window = sorted(ids[start : start + WINDOW_BATCHES * size], key=lambda id_: -lengths[id_])
        for at in range(0, len(window), size):
            yield window[at : at + size]


@contextlib.contextmanager
def blank_generation_config(model: PreTrainedModel, stop: Sequence[int] = ()) -> Iterator[None]:
    """transformers fills what a generation config leaves open from the model's own one: penalties, bans, lengths.

    Within this, the model's own one holds nothing but the tokens of `stop`.
    """
    from transformers import GenerationConfig

    own = model.generation_config
    model.generation_config = GenerationConfig(eos_token_id=list(stop) or None)
    try:
        yield
    finally:
        model.generation_config = own
