"""A causal language model in this process, through transformers."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..errors import CheckpointError, EvaluationError, MissingExtraError, Problem
from . import Answer, Progress
from .chat import chat_format

if TYPE_CHECKING:
    import torch
    from transformers import PreTrainedModel, PreTrainedTokenizerBase

__all__ = ["CausalLM"]


class CausalLM:
    """Greedy answers from a model in memory. Its weights may change between calls: nothing is cached.

    Args:
        model: a transformers model with a language-modelling head; it is put into evaluation mode.
        tokenizer: its tokenizer; not changed.
        chat_template: Jinja text that replaces the tokenizer's own template.
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
        self.batch_size = batch_size
        self.name = name
        self.chat = chat_format(tokenizer, chat_template, name)

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
        try:
            import torch
            from transformers import AutoModelForCausalLM, AutoTokenizer
        except ImportError as e:
            raise MissingExtraError("evaluate", "eval") from e
        if device.startswith("cuda") and not torch.cuda.is_available():
            raise EvaluationError(f"device '{device}' is not available here", cure="use --device cpu")
        if not (folder / "config.json").is_file():
            raise CheckpointError(f"{folder} holds no model", cure="give a folder with config.json and *.safetensors")
        try:
            with _silent_loading():
                tokenizer = AutoTokenizer.from_pretrained(folder, local_files_only=True)
                model, loading = AutoModelForCausalLM.from_pretrained(
                    folder, dtype=dtype, use_safetensors=True, local_files_only=True, output_loading_info=True
                )
        except Exception as e:
            raise CheckpointError(Problem(f"{folder} cannot be loaded: {_first_line(e)}", "repair the folder")) from e
        if lost := sorted(map(str, loading["missing_keys"])):
            raise CheckpointError(f"{folder} lacks {len(lost)} tensors, the first is {lost[0]}", cure="save it again")
        return cls(model.to(device), tokenizer, chat_template=chat_template, batch_size=batch_size, name=str(folder))

    @property
    def facts(self) -> dict[str, str]:
        from hashlib import sha256

        return {
            "backend": "transformers",
            "dtype": str(self.model.dtype).removeprefix("torch."),
            "device": str(self.model.device.type),
            "chat_template_sha256": sha256(self.chat.template.encode()).hexdigest(),
            "stop_tokens": ",".join(map(str, sorted(self.stop_tokens))),
        }

    @property
    def stop_tokens(self) -> set[int]:
        """Tokens that end an answer: what the model itself declares, and the template's end of turn."""
        declared = self.model.generation_config.eos_token_id
        own = {declared} if isinstance(declared, int) else set(declared or ())
        return own | ({self.chat.stop} if self.chat.stop is not None else set())

    @property
    def context_tokens(self) -> int | None:
        """The longest sequence the model was built for."""
        return getattr(self.model.config.get_text_config(), "max_position_embeddings", None)

    def render(self, prompt: str) -> str:
        return self.chat.render(prompt)

    def continuation(self, answer: str) -> str:
        return self.chat.lead + answer

    def generate(
        self, prompts: Mapping[str, str], *, max_new_tokens: int, progress: Progress | None = None
    ) -> dict[str, Answer]:
        """Greedy answers by item id. Batches are made of prompts of similar length, the same ones in every run."""
        encoded = {id_: self.chat.encode(self.render(prompt)) for id_, prompt in prompts.items()}
        self._require_room({id_: len(ids) + max_new_tokens for id_, ids in encoded.items()}, max_new_tokens)
        order = sorted(encoded, key=lambda id_: -len(encoded[id_]))
        answers: dict[str, Answer] = {}
        for start in range(0, len(order), self.batch_size):
            batch = order[start : start + self.batch_size]
            answers.update(zip(batch, self._answer([encoded[id_] for id_ in batch], max_new_tokens), strict=True))
            if progress:
                progress(len(batch))
        return {id_: answers[id_] for id_ in prompts}

    def _answer(self, prompts: Sequence[list[int]], max_new_tokens: int) -> list[Answer]:
        import torch
        from transformers import GenerationConfig

        stop = sorted(self.stop_tokens)
        pad = stop[0] if stop else 0  # masked in prompts, and cut off behind the stop token of an answer
        width = max(map(len, prompts))
        rows = torch.tensor([[pad] * (width - len(ids)) + ids for ids in prompts])  # [batch, width], left-padded
        seen = torch.tensor([[0] * (width - len(ids)) + [1] * len(ids) for ids in prompts])
        greedy = GenerationConfig(
            do_sample=False, num_beams=1, max_new_tokens=max_new_tokens, eos_token_id=stop or None, pad_token_id=pad
        )
        with torch.inference_mode(), _blank_generation_config(self.model):
            out: torch.Tensor = self.model.generate(
                rows.to(self.model.device), attention_mask=seen.to(self.model.device), generation_config=greedy
            )
        return [self._read(row, set(stop)) for row in out[:, width:].tolist()]

    def _read(self, row: list[int], stop: set[int]) -> Answer:
        end = next((n for n, token in enumerate(row) if token in stop), None)
        text = self.tokenizer.decode(row[:end], skip_special_tokens=True)
        return Answer(text.strip(), end is not None, len(row[:end]))

    def harness(self, progress: Progress | None = None) -> Any:
        from ._harness import LiveLM

        return LiveLM(self, progress)

    def _require_room(self, n_tokens: Mapping[str, int], max_new_tokens: int) -> None:
        limit = self.context_tokens
        if limit is None:
            return
        raise_for = [
            Problem(
                f"item '{id_}' needs {n} tokens, {max_new_tokens} of them for the answer; {self.name} reads {limit}",
                "lower max_new_tokens in the suite, or leave the item out",
            )
            for id_, n in n_tokens.items()
            if n > limit
        ]
        if raise_for:
            raise EvaluationError(*raise_for)


@contextlib.contextmanager
def _blank_generation_config(model: PreTrainedModel) -> Iterator[None]:
    """transformers fills what a generation config leaves open from the model's own one: penalties, bans, lengths."""
    from transformers import GenerationConfig

    own = model.generation_config
    model.generation_config = GenerationConfig()
    try:
        yield
    finally:
        model.generation_config = own


def _first_line(error: Exception) -> str:
    return next(iter(str(error).strip().splitlines()), type(error).__name__)


@contextlib.contextmanager
def _silent_loading() -> Iterator[None]:
    """No progress bar and no log lines while transformers loads; what matters in them is raised as an error instead."""
    from transformers.utils import logging

    level, bar = logging.get_verbosity(), logging.is_progress_bar_enabled()
    logging.set_verbosity_error()
    logging.disable_progress_bar()
    try:
        yield
    finally:
        logging.set_verbosity(level)
        if bar:
            logging.enable_progress_bar()
