"""A model folder: its config and its tensors, from headers alone."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any

from ..errors import CheckpointError, MergeAlignError, Problem
from .header import Tensor, read_header

__all__ = ["INDEX", "SINGLE", "Checkpoint", "open_checkpoint", "read_json"]

SINGLE = "model.safetensors"
INDEX = "model.safetensors.index.json"


@dataclass(frozen=True)
class Checkpoint:
    """What a model folder holds.

    Attributes:
        folder: resolved path.
        config: content of config.json.
        tensors: by name, in the order of the files.
        notes: what was left aside, in words.
    """

    folder: Path
    config: Mapping[str, Any]
    tensors: Mapping[str, Tensor]
    notes: tuple[str, ...] = ()


def read_json(file: Path) -> dict[str, Any]:
    """A JSON object from a file. Raises CheckpointError."""
    try:
        content = json.loads(file.read_text(encoding="utf-8"))
    except OSError as e:
        raise CheckpointError(f"cannot read {file}: {e.strerror}", cure="check the path and its permissions") from e
    except (ValueError, RecursionError) as e:
        raise CheckpointError(f"{file} is not valid JSON", cure="download or save it again") from e
    if not isinstance(content, dict):
        raise CheckpointError(f"{file} is not a JSON object", cure="download or save it again")
    return content


def open_checkpoint(folder: Path) -> Checkpoint:
    """Read config and headers of a model folder. Raises CheckpointError for all but plain float checkpoints."""
    if not folder.is_dir():
        what = "is a file, not a model folder" if folder.exists() else "does not exist"
        raise CheckpointError(f"{folder} {what}", cure="give a folder with config.json and *.safetensors")
    folder = folder.resolve()
    if not (folder / "config.json").is_file():
        raise _without_config(folder)
    config = read_json(folder / "config.json")
    if _quantized(config):
        raise CheckpointError(
            f"{folder} is quantized (quantization_config in config.json)",
            cure="merge the unquantized checkpoint, then quantize the result",
        )
    shards, mapped, notes = _weight_files(folder)
    tensors: dict[str, Tensor] = {}
    problems: list[Problem] = []
    for shard in shards:
        try:
            found = read_header(shard)
        except MergeAlignError as e:
            problems.extend(e.problems)
            continue
        for t in found:
            if t.name in tensors:
                problems.append(
                    Problem(f"tensor '{t.name}' is in {tensors[t.name].file.name} and in {shard}", "remove one")
                )
            elif mapped is not None and mapped.get(t.name) != shard.name:
                problems.append(
                    Problem(f"{shard} holds '{t.name}', which {INDEX} does not place there", "save it again")
                )
            elif t.dtype.name.startswith(("F8", "F6", "F4")):
                problems.append(
                    Problem(
                        f"{shard}: tensor '{t.name}' is quantized ({t.dtype.name})", "merge the unquantized checkpoint"
                    )
                )
            tensors[t.name] = t
    if not problems and mapped is not None:
        problems = [
            Problem(f"{folder / INDEX} names '{name}', which is not in {mapped[name]}", "download or save it again")
            for name in mapped.keys() - tensors.keys()
        ]
    if not problems and not tensors:
        problems = [Problem(f"{folder} holds no tensors", "download or save it again")]
    if problems:
        raise CheckpointError(*problems)
    return Checkpoint(folder, config, tensors, notes)


def _quantized(config: Mapping[str, Any]) -> bool:
    return any(
        (key == "quantization_config" and value) or (isinstance(value, dict) and _quantized(value))
        for key, value in config.items()
    )


def _without_config(folder: Path) -> CheckpointError:
    if (folder / "adapter_config.json").is_file():
        return CheckpointError(
            f"{folder} is a LoRA adapter, not a whole model",
            cure="merge it into its base first (peft: merge_and_unload)",
        )
    return _unreadable(folder) or CheckpointError(f"{folder} has no config.json", cure="give a complete model folder")


def _unreadable(folder: Path) -> CheckpointError | None:
    """The refusal of weights in a format that is not safetensors, if the folder has some."""
    if any(folder.glob("*.gguf")):
        return CheckpointError(
            f"{folder} holds GGUF weights", cure="merge the original safetensors, then convert the result"
        )
    if any(folder.glob("*.bin")) or any(folder.glob("*.pt")) or any(folder.glob("*.pth")):
        return CheckpointError(
            f"{folder} holds pickled weights (*.bin, *.pt), which can run code when opened and are never read",
            cure="save it as safetensors: AutoModelForCausalLM.from_pretrained(…).save_pretrained(…)",
        )
    return None


def _weight_files(folder: Path) -> tuple[list[Path], dict[str, str] | None, tuple[str, ...]]:
    """The files that count, the index's map from tensor to file if there is one, and notes on what does not count."""
    present = sorted(folder.glob("*.safetensors"))
    if (folder / INDEX).is_file():
        mapped = read_json(folder / INDEX).get("weight_map")
        if not isinstance(mapped, dict) or not mapped or not all(isinstance(v, str) for v in mapped.values()):
            raise CheckpointError(f"{folder / INDEX} has no weight_map from tensors to files", cure="save it again")
        names = sorted(set(mapped.values()))
        if escaping := [n for n in names if PurePosixPath(n).name != n or n in (".", "..") or "\\" in n]:
            raise CheckpointError(
                f"{folder / INDEX} names {escaping[0]!r} outside its folder", cure="do not trust this model"
            )
        if missing := [n for n in names if not (folder / n).is_file()]:
            raise CheckpointError(
                *(Problem(f"{folder / n} is missing", f"{INDEX} names it: download it") for n in missing)
            )
        shards = [folder / n for n in names]
    else:
        mapped = None
        shards = [f for f in present if not f.name.startswith("consolidated")]
        if (folder / SINGLE) in shards:
            shards = [folder / SINGLE]
        if not shards:
            raise _unreadable(folder) or CheckpointError(
                f"{folder} has no *.safetensors", cure="give a complete model folder"
            )
        if len(shards) > 1:
            raise CheckpointError(
                f"{folder} has {len(shards)} shards but no {INDEX}", cure="download the index as well"
            )
    aside = [f.name for f in present if f not in shards]
    return shards, mapped, tuple(f"{folder.name}: {n} does not belong to the model and is ignored" for n in aside)
