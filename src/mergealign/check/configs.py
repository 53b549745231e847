"""Config differences that matter: shapes may agree where these differ, and the merge would be nonsense."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from ..checkpoint.folder import Checkpoint
from .finding import Finding, Level

__all__ = ["check_code", "check_configs", "text_config"]

_MUST_AGREE = ("model_type", "architectures", "hidden_act", "num_attention_heads", "num_key_value_heads", "head_dim")
_SHOULD_AGREE = ("rms_norm_eps", "layer_norm_eps", "sliding_window", "num_experts_per_tok", "attention_bias")
_ROPE = ("rope_theta", "rope_local_base_freq", "rope_scaling", "rope_parameters", "partial_rotary_factor")
_MISSING = object()


def text_config(config: Mapping[str, Any]) -> Mapping[str, Any]:
    """The part of a config that describes the language model: nested in multimodal models, else all of it."""
    nested = config.get("text_config")
    return nested if isinstance(nested, dict) else config


def _value(config: Mapping[str, Any], key: str) -> Any:
    """What the config says about `key`, null included; _MISSING if it says nothing."""
    value = text_config(config).get(key, config.get(key, _MISSING))
    if key == "sliding_window" and text_config(config).get("use_sliding_window") is False:
        return None  # set, but switched off
    return value


def _rope(config: Mapping[str, Any]) -> dict[str, Any]:
    """Rotary settings in one form; transformers 5 nests in `rope_parameters` what stood beside `rope_scaling`.

    Where it nests per kind of layer, full attention has the plain names and sliding attention the local frequency.
    """
    found = {key: value for key in _ROPE if (value := _value(config, key)) not in (None, _MISSING)}
    for nested in ("rope_scaling", "rope_parameters"):
        if isinstance(found.get(nested), dict):
            settings = found.pop(nested)
            local = settings.get("sliding_attention")
            if isinstance(local, dict) and "rope_theta" in local:
                found["rope_local_base_freq"] = local["rope_theta"]
            full = settings.get("full_attention")
            found |= full if isinstance(full, dict) else {k: v for k, v in settings.items() if not isinstance(v, dict)}
    kind = found.pop("type", found.pop("rope_type", "default"))
    return found | ({"rope_type": kind} if kind != "default" else {})


def check_code(label: str, base: Checkpoint, *, copied: bool) -> Iterator[Finding]:
    """A config may name code of its own (`auto_map`), which is copied on request only."""
    if "auto_map" in base.config and not copied:
        what = f"the config of {label} names code of its own (auto_map), which is not copied"
        yield Finding(Level.NOTE, "config", what, "read the code, then add --copy-code")


def check_configs(models: Mapping[str, Checkpoint]) -> Iterator[Finding]:
    """Compare all configs with that of the first model, which the output gets."""
    reference, *others = models
    base = models[reference].config
    whose = "the base's" if reference == "base" else f"that of {reference}"
    for label in others:
        config = models[label].config
        for key in (*_MUST_AGREE, *_SHOULD_AGREE):
            here, there = _value(config, key), _value(base, key)
            if _MISSING in (here, there) or here == there:
                continue
            what = f"{key} is {here!r} in {label} and {there!r} in {reference}"
            if key in _MUST_AGREE:
                yield Finding(Level.ERROR, "config", what, "merge models of one architecture")
            else:
                yield Finding(Level.WARNING, "config", f"{what}; the merged model gets {whose}", "measure the result")
        here, there = _rope(config), _rope(base)
        different = sorted(k for k in here.keys() | there.keys() if here.get(k) != there.get(k))
        if different and here and there:
            pairs = ", ".join(
                f"{k} is {here.get(k)!r} in {label} and {there.get(k)!r} in {reference}" for k in different
            )
            yield Finding(
                Level.WARNING,
                "rotary embedding",
                f"{pairs}; the merged model gets {whose}",
                "a model tuned for longer contexts loses them: measure long prompts",
            )
