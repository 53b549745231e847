"""A model folder: its config and its tensors, from headers alone."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ..errors import CheckpointError, MergeAlignError, Problem
from .config import read_config
from .files import read_json
from .header import Tensor, read_header

__all__ = ["CONFIG", "INDEX", "SINGLE", "Checkpoint", "open_checkpoint", "read_weights"]

CONFIG = "config.json"
SINGLE = "model.safetensors"
INDEX = "model.safetensors.index.json"
_READ = (".safetensors", ".json", ".jinja", ".model", ".txt")  # what a merge reads or copies
_SHOWN = 10  # problems of one kind listed


@dataclass(frozen=True)
class Checkpoint:
    """What a model folder holds.

    Attributes:
        folder: resolved path.
        config: content of config.json.
        tensors: by name, in the order of the files.
        notes: what was left aside, in words.
        revision: the commit on the Hub it was fetched at; None for a folder of the user's.
    """

    folder: Path
    config: Mapping[str, Any]
    tensors: Mapping[str, Tensor]
    notes: tuple[str, ...] = ()
    revision: str | None = None


def open_checkpoint(folder: Path) -> Checkpoint:
    """Read config and headers of a model folder. Raises CheckpointError for all but plain float checkpoints."""
    try:
        if not folder.is_dir():
            what = "is a file, not a model folder" if folder.exists() else "does not exist"
            raise CheckpointError(f"{folder} {what}", cure="give a folder with config.json and *.safetensors")
        folder = folder.resolve()
        if strange := [f for f in sorted(folder.iterdir()) if f.suffix in _READ and not f.is_file()]:
            raise CheckpointError(*(Problem(_why_strange(f), "download or save it again") for f in strange))
        if not (folder / CONFIG).exists():
            raise _without_config(folder)
        config = read_config(folder / CONFIG)
        if _quantized(config):
            raise CheckpointError(
                f"{folder} is quantized (quantization_config in config.json)",
                cure="merge the unquantized checkpoint, then quantize the result",
            )
        tensors, notes = read_weights(folder)
    except OSError as e:
        raise CheckpointError(
            f"cannot read {e.filename or folder}: {e.strerror}", cure="check the path and its permissions"
        ) from e
    return Checkpoint(folder, config, tensors, notes)


def _why_strange(file: Path) -> str:
    if file.is_symlink() and not file.exists():
        return f"{file} is a link that leads nowhere"
    return f"{file} is {'a folder' if file.is_dir() else 'not a regular file'}"


def read_weights(folder: Path) -> tuple[dict[str, Tensor], tuple[str, ...]]:
    """The tensors of a folder by name, in the order of the files, and notes on files that do not count."""
    shards, mapped, notes = _weight_files(folder)
    tensors: dict[str, Tensor] = {}
    problems: list[Problem] = []
    for shard in shards:
        try:
            found = read_header(shard)
        except MergeAlignError as e:
            problems.extend(e.problems)
            continue
        problems += _shard_problems(shard, found, tensors, mapped)
        tensors |= {t.name: t for t in found}
    if not problems and mapped is not None:
        problems += [
            Problem(f"{folder / INDEX} names '{name}', which is not in {mapped[name]}", "download or save it again")
            for name in mapped.keys() - tensors.keys()
        ]
    if not problems and not tensors:
        problems.append(Problem(f"{folder} holds no tensors", "download or save it again"))
    if problems:
        raise CheckpointError(*_first(problems))
    return tensors, notes


def _shard_problems(
    shard: Path, found: Iterable[Tensor], before: Mapping[str, Tensor], mapped: Mapping[str, str] | None
) -> Iterator[Problem]:
    for t in found:
        if t.name in before:
            yield Problem(f"tensor '{t.name}' is in {before[t.name].file.name} and in {shard}", "remove one")
        elif mapped is not None and mapped.get(t.name) != shard.name:
            yield Problem(f"{shard} holds '{t.name}', which {INDEX} does not place there", "save it again")
        elif t.dtype.name.startswith(("F8", "F6", "F4")):
            what = f"{shard}: tensor '{t.name}' is quantized ({t.dtype.name})"
            yield Problem(what, "merge the unquantized checkpoint")


def _first(problems: list[Problem]) -> list[Problem]:
    rest = len(problems) - _SHOWN
    return problems[:_SHOWN] + ([Problem(f"and {rest} more problems of this kind")] if rest > 0 else [])


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
    if (folder / INDEX).exists():
        mapped = read_json(folder / INDEX, unique=True).get("weight_map")
        if not isinstance(mapped, dict) or not mapped or not all(isinstance(v, str) for v in mapped.values()):
            raise CheckpointError(f"{folder / INDEX} has no weight_map from tensors to files", cure="save it again")
        names = sorted(set(mapped.values()))
        if escaping := [n for n in names if {"/", "\\", "\0"} & set(n) or n in ("", ".", "..")]:
            raise CheckpointError(
                f"{folder / INDEX} names {escaping[0]!r} outside its folder", cure="do not trust this model"
            )
        present_names = {f.name for f in present}
        if wrong := [n for n in names if not n.endswith(".safetensors")]:
            raise CheckpointError(
                f"{folder / INDEX} names {wrong[0]!r}, which is not a safetensors file", cure="save it again"
            )
        if missing := [n for n in names if n not in present_names]:
            problems = [Problem(f"{folder / n} is missing", f"{INDEX} names it: download it") for n in missing]
            raise CheckpointError(*_first(problems))
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
