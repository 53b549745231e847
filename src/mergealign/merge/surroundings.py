"""Everything of the output folder that is not weights: config, tokenizer, chat template, stop tokens.

Files are copied from an allow-list. The config is the base's, because the weights are; the tokenizer comes from one
model; chat template, stop tokens and generation config from one model too, since they only work together.
"""

from __future__ import annotations

import copy
import json
from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ..check.layers import count_layers
from ..check.tokens import GENERATION_CONFIG, stop_model, template_of
from ..checkpoint.dtypes import FLOAT_DTYPES
from ..checkpoint.files import copy_file, read_json
from ..checkpoint.tokens import CONFIG_STOP_KEYS, TOKENIZER_FILES
from .plan import MergePlan

__all__ = ["config_bytes", "merged_config", "write_surroundings"]

_BASE_FILES = (
    "LICENSE",
    "LICENSE.txt",
    "LICENSE.md",
    "NOTICE",
    "USE_POLICY.md",
    "preprocessor_config.json",
    "processor_config.json",
)
TOKENIZER_CONFIG = "tokenizer_config.json"
TEMPLATE = "chat_template.jinja"
_LAYER_COUNTS = ("num_hidden_layers", "n_layer", "num_layers", "n_layers")
_DTYPE_KEYS = ("dtype", "torch_dtype")


def write_surroundings(plan: MergePlan, folder: Path) -> list[str]:
    """Write all but config.json, which comes last; returns the names of the files."""
    models, request = plan.models, plan.request
    before = set(folder.iterdir())
    _copy(plan.reference.folder, _BASE_FILES, folder)
    if request.copy_code:
        if _names_code(models[request.tokenizer_from].folder / TOKENIZER_CONFIG):
            _copy_code(models[request.tokenizer_from].folder, folder)
        _copy_code(plan.reference.folder, folder)  # last: code of the model wins over code of a tokenizer
    _copy(models[request.tokenizer_from].folder, TOKENIZER_FILES, folder)
    _copy(models[stop_model(request)].folder, [GENERATION_CONFIG], folder)
    _write_template(plan, folder)
    return sorted(str(f.relative_to(folder)) for new in set(folder.iterdir()) - before for f in _files(new))


def _files(path: Path) -> list[Path]:
    return [f for f in path.rglob("*") if f.is_file()] if path.is_dir() else [path]


def _copy(source: Path, names: Any, folder: Path) -> None:
    for name in names:
        if (source / name).is_file():
            copy_file(source / name, folder / name)


def _names_code(file: Path) -> bool:
    return file.is_file() and "auto_map" in read_json(file)


def _copy_code(source: Path, folder: Path) -> None:
    _copy(source, sorted(f.name for f in source.glob("*.py")), folder)


def _write_template(plan: MergePlan, folder: Path) -> None:
    """Files of the tokenizer stay as they are where the template is that model's own."""
    chosen = template_of(plan.models, plan.request)
    origin = plan.models[stop_model(plan.request)].folder
    for file in chosen.files if chosen else ():
        copy = folder / file.relative_to(origin)
        copy.parent.mkdir(exist_ok=True)
        copy_file(file, copy)
    if chosen is not None and plan.request.chat_template is not None:
        (folder / TEMPLATE).write_text(chosen.text, encoding="utf-8")
    settings_file = folder / TOKENIZER_CONFIG
    settings = read_json(settings_file) if settings_file.is_file() else {}
    wanted = chosen.in_config if chosen else None
    if settings.get("chat_template") != wanted:
        settings.pop("chat_template", None)
        if wanted is not None:
            settings["chat_template"] = wanted
        settings_file.write_bytes(_as_json(settings))


def merged_config(plan: MergePlan) -> dict[str, Any]:
    """The reference's config, with the output's dtype at every level, the number of its layers, and the stop tokens of
    the chat template's model."""
    config = copy.deepcopy(dict(plan.reference.config))
    sizes: Counter[str] = Counter()
    for t in plan.tensors:
        if t.rule is not None:
            sizes[t.spec.dtype.torch_name] += t.spec.n_bytes
    dtype = plan.request.dtype or (sizes.most_common(1)[0][0] if sizes else "float32")
    if not _set_dtype(config, dtype):
        config["torch_dtype"] = dtype  # the name that both old and new loaders know
    _set_stop_ids(config, plan.models[stop_model(plan.request)].config)
    _set_layers(config, plan)
    return config


def _set_layers(config: dict[str, Any], plan: MergePlan) -> None:
    """Where layers were cut and stacked: their number, and what the config says of each layer."""
    parts = plan.request.slices
    if all(s.layers is None for part in parts for s in part.sources):
        return
    n_before = count_layers(plan.reference.tensors)
    firsts = [part.sources[0] for part in parts]
    kept = [layer for s in firsts for layer in s.layers or range(count_layers(plan.models[s.model].tensors))]
    for level in (config, config.get("text_config")):
        if not isinstance(level, dict):
            continue
        for key, value in level.items():
            if key in _LAYER_COUNTS and value == n_before:
                level[key] = len(kept)
            elif isinstance(value, list) and len(value) == n_before and key.startswith(("layer", "no_rope_layers")):
                level[key] = [value[layer] for layer in kept]


def _set_dtype(config: dict[str, Any], dtype: str) -> bool:
    """Replace the dtype wherever the config names one; whether it did at all."""
    found = False
    for key, value in config.items():
        if key in _DTYPE_KEYS and (value is None or (isinstance(value, str) and value in FLOAT_DTYPES)):
            config[key] = dtype
            found = True
        elif isinstance(value, dict):
            found |= _set_dtype(value, dtype)
    return found


def _set_stop_ids(config: dict[str, Any], source: Mapping[str, Any]) -> None:
    for key in CONFIG_STOP_KEYS:
        if source.get(key) is not None:
            config[key] = source[key]
    if isinstance(config.get("text_config"), dict) and isinstance(source.get("text_config"), dict):
        _set_stop_ids(config["text_config"], source["text_config"])


def config_bytes(plan: MergePlan) -> bytes:
    """Content of config.json: without that file nothing loads the folder, so it is written last."""
    return _as_json(merged_config(plan))


def _as_json(content: Mapping[str, Any]) -> bytes:
    return (json.dumps(content, indent=2, ensure_ascii=False) + "\n").encode()
