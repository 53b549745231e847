"""A model folder → model and tokenizer in memory, quietly, and never with a tensor that was made up."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from ..errors import CheckpointError, EvaluationError, MissingExtraError, Problem

if TYPE_CHECKING:
    from transformers import PreTrainedModel, PreTrainedTokenizerBase

__all__ = ["load_model", "load_tokenizer", "require_device"]


def require_device(device: str) -> None:
    """Raises EvaluationError for a device that is not here, MissingExtraError without torch."""
    try:
        import torch
    except ImportError as e:
        raise MissingExtraError("evaluate", "eval") from e
    try:
        found = torch.device(device)
    except RuntimeError as e:
        raise EvaluationError(f"there is no device '{device}'", cure="use cpu, cuda or cuda:N") from e
    n_cuda = torch.cuda.device_count() if torch.cuda.is_available() else 0
    if found.type == "cuda" and (found.index or 0) >= n_cuda:
        raise EvaluationError(f"device '{device}' is not available here", cure="use cpu, or a device that is")


def load_model(
    folder: Path, *, device: str = "cpu", dtype: str = "auto"
) -> tuple[PreTrainedModel, PreTrainedTokenizerBase]:
    """Raises EvaluationError for a device that is not here, CheckpointError for a folder that cannot be loaded."""
    try:
        from transformers import AutoModelForCausalLM
    except ImportError as e:
        raise MissingExtraError("evaluate", "eval") from e
    require_device(device)
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
