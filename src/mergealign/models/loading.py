"""A model folder → model and tokenizer in memory, quietly, and never with a tensor that was made up."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from ..errors import CheckpointError, EvaluationError, MissingExtraError, Problem

if TYPE_CHECKING:
    from transformers import PreTrainedModel, PreTrainedTokenizerBase

__all__ = ["load_model", "load_tokenizer"]


def load_model(
    folder: Path, *, device: str = "cpu", dtype: str = "auto"
) -> tuple[PreTrainedModel, PreTrainedTokenizerBase]:
    """Raises EvaluationError for a device that is not here, CheckpointError for a folder that cannot be loaded."""
    try:
        import torch
        from transformers import AutoModelForCausalLM
    except ImportError as e:
        raise MissingExtraError("evaluate", "eval") from e
    if device.startswith("cuda") and not torch.cuda.is_available():
        raise EvaluationError(f"device '{device}' is not available here", cure="use --device cpu")
    if not (folder / "config.json").is_file():
        raise CheckpointError(f"{folder} holds no model", cure="give a folder with config.json and *.safetensors")
    tokenizer = load_tokenizer(folder)
    with _loading(folder):
        model, report = AutoModelForCausalLM.from_pretrained(
            folder, dtype=dtype, use_safetensors=True, local_files_only=True, output_loading_info=True
        )
    if lost := sorted(map(str, report["missing_keys"])):
        raise CheckpointError(f"{folder} lacks {len(lost)} tensors, the first is {lost[0]}", cure="save it again")
    return model.to(device), tokenizer


def load_tokenizer(folder: Path) -> PreTrainedTokenizerBase:
    """The tokenizer of a model folder. Raises CheckpointError."""
    try:
        from transformers import AutoTokenizer
    except ImportError as e:
        raise MissingExtraError("evaluate", "eval") from e
    with _loading(folder):
        tokenizer: PreTrainedTokenizerBase = AutoTokenizer.from_pretrained(folder, local_files_only=True)
    return tokenizer


@contextlib.contextmanager
def _loading(folder: Path) -> Iterator[None]:
    """No progress bar and no log lines while transformers loads; what matters in them is raised as an error instead."""
    from transformers.utils import logging

    level, bar = logging.get_verbosity(), logging.is_progress_bar_enabled()
    logging.set_verbosity_error()
    logging.disable_progress_bar()
    try:
        yield
    except Exception as e:
        what = next(iter(str(e).strip().splitlines()), type(e).__name__)
        raise CheckpointError(Problem(f"{folder} cannot be loaded: {what}", "repair the folder")) from e
    finally:
        logging.set_verbosity(level)
        if bar:
            logging.enable_progress_bar()
