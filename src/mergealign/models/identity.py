"""What decides the answers of a model, in digests (XXH3-128): of a folder that is not loaded, or of what is loaded."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..checkpoint.digest import bytes_digest, file_digest, weights_digest_of_folder
from ..checkpoint.folder import CONFIG
from ..checkpoint.tokens import TEMPLATE_FILES, TOKENIZER_FILES
from ..errors import CheckpointError
from ..record.versions import software_versions

if TYPE_CHECKING:
    from transformers import PreTrainedModel, PreTrainedTokenizerBase

__all__ = ["ANSWER_FILES", "PACKAGES", "device_name", "files_digest", "folder_identity", "memory_identity"]

ANSWER_FILES = (CONFIG, "generation_config.json", *TOKENIZER_FILES, *TEMPLATE_FILES)
"""What decides a model's answers beside its weights: dtype, stop tokens, context, vocabulary, template."""
PACKAGES = ("torch", "transformers", "tokenizers", "lm-eval", "datasets", "numpy")
"""Libraries whose version may change an answer or a score."""


def folder_identity(folder: Path) -> dict[str, str]:
    """Digests of the weights and of `ANSWER_FILES` of a model folder. Raises CheckpointError."""
    return {"weights_digest": weights_digest_of_folder(folder), "files_digest": files_digest(folder)}


def files_digest(folder: Path) -> str:
    """One digest over names and contents of `ANSWER_FILES`, those in folders included. Raises CheckpointError."""
    found = [f for name in ANSWER_FILES for f in sorted([folder / name, *(folder / name).glob("*")]) if f.is_file()]
    try:
        return bytes_digest(json.dumps([[str(f.relative_to(folder)), file_digest(f)] for f in found]).encode())
    except OSError as e:
        raise CheckpointError(f"cannot read {e.filename}: {e.strerror}", cure="check its permissions") from e


def memory_identity(model: PreTrainedModel, tokenizer: PreTrainedTokenizerBase) -> dict[str, str]:
    """Digests of what is in memory: every weight as it is now, config and tokenizer; and the software that runs it."""
    config = model.config.to_json_string(use_diff=False)
    backend = getattr(tokenizer, "backend_tokenizer", None)
    vocabulary = backend.to_str() if backend else json.dumps(tokenizer.get_vocab(), sort_keys=True)
    return {
        "weights": _state_digest(model),
        "config": bytes_digest(config.encode()),
        "tokenizer": bytes_digest(vocabulary.encode()),
        "device": device_name(model.device),
        **software_versions(PACKAGES),
    }


def device_name(device: Any) -> str:
    """`cpu`, or the type and product name of an accelerator: numbers differ between them in the last digits."""
    import torch

    return f"cuda {torch.cuda.get_device_name(device)}" if device.type == "cuda" else str(device.type)


def _state_digest(model: PreTrainedModel) -> str:
    import torch

    lines = []
    for name, tensor in sorted(model.state_dict().items()):
        flat = tensor.detach().cpu().contiguous().reshape(-1).view(torch.uint8)
        lines.append([name, str(tensor.dtype), list(tensor.shape), bytes_digest(flat.numpy())])
    return bytes_digest(json.dumps(lines).encode())
