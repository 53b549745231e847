"""Where each tensor of a checkpoint lies in the parameters of a live transformers model, and whether it really does.

transformers renames tensors, leaves out a prefix, and fuses the experts of mixture models while it loads:

    layers.0.block_sparse_moe.experts.3.w1.weight [I, H]  →  rows 0 … I of layers.0.mlp.experts.gate_up_proj[3] [2I, H]

A tensor that is stored on disk must be a run of bytes of one parameter, in the same number format. That a place is
right is not taken on trust: the model was loaded by transformers from a checkpoint, so its bytes must be there.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from math import prod
from typing import TYPE_CHECKING, Any

from ..checkpoint.header import Tensor, TensorSpec
from ..checkpoint.read import TensorReader
from ..errors import IncompatibleError, Problem

if TYPE_CHECKING:
    from transformers import PreTrainedModel

__all__ = ["Place", "find_places", "require_same_bytes"]

_SHOWN = 5
_PROBE_BYTES = 1 << 16
_EXPERT = re.compile(r"^(?P<of>.*\.experts)\.(?P<n>\d+)\.(?P<part>w1|w2|w3|gate_proj|up_proj|down_proj)\.weight$")
_FUSED = {
    "w1": ("gate_up_proj", 0),
    "gate_proj": ("gate_up_proj", 0),
    "w3": ("gate_up_proj", 1),
    "up_proj": ("gate_up_proj", 1),
    "w2": ("down_proj", 0),
    "down_proj": ("down_proj", 0),
}
"""Which fused parameter an expert's matrix is part of, and which of its parts."""


@dataclass(frozen=True)
class Place:
    """`n_bytes` bytes from `offset` of the parameter `parameter`."""

    parameter: str
    offset: int
    n_bytes: int


def find_places(model: PreTrainedModel, specs: Sequence[TensorSpec]) -> dict[str, Place]:
    """The place of each tensor, by its name on disk. Tensors without one belong to no parameter and do not count.

    A parameter that is tied to another one has the place of that other one; where both are stored, the source of the
    tie counts. Raises IncompatibleError with every tensor that does not fit, and every parameter left without tensor.
    """
    parameters = dict(model.named_parameters(remove_duplicate=False))
    tied: Mapping[str, str] = getattr(model, "all_tied_weights_keys", None) or {}
    tied = {target: source for target, source in tied.items() if parameters.get(target) is parameters.get(source)}
    stored = {spec.name for spec in specs}
    places: dict[str, Place] = {}
    problems: list[Problem] = []
    for spec in specs:
        found = _place(model, parameters, spec)
        if found is None:
            if not _is_ignored(model, spec.name):
                problems.append(Problem(f"'{spec.name}' has no counterpart in the live model"))
            continue
        if found.parameter in tied and _disk_name(tied[found.parameter], stored, model) is not None:
            continue  # the source of the tie is stored as well
        places[spec.name] = found
        problems += _misfits(spec, found, parameters)
    covered: dict[int, int] = {}
    for place in places.values():
        key = id(parameters[place.parameter])
        covered[key] = covered.get(key, 0) + place.n_bytes
    for name, parameter in parameters.items():
        if name not in tied and covered.get(id(parameter), 0) != parameter.numel() * parameter.element_size():
            problems.append(Problem(f"parameter '{name}' of the live model is not filled by the checkpoint"))
    if problems:
        rest = len(problems) - _SHOWN
        more = [Problem(f"and {rest} more of this kind")] if rest > 0 else []
        cure = Problem(
            "this architecture cannot be merged in memory",
            "merge to folders with chosen weights (mergealign merge) and compare them with mergealign evaluate",
        )
        raise IncompatibleError(*problems[:_SHOWN], *more, cure)
    return places


def _place(model: PreTrainedModel, parameters: Mapping[str, Any], spec: TensorSpec) -> Place | None:
    for name in _live_names(model, spec.name):
        if name in parameters:
            return Place(name, 0, spec.n_bytes)
        expert = _EXPERT.match(name)
        if expert is None:
            continue
        fused, part = _FUSED[expert["part"]]
        target = f"{expert['of']}.{fused}"
        if target in parameters:
            per_expert = prod(parameters[target].shape[1:]) * parameters[target].element_size()
            return Place(target, int(expert["n"]) * per_expert + part * spec.n_bytes, spec.n_bytes)
    return None


def _live_names(model: PreTrainedModel, name: str) -> Iterator[str]:
    """What a tensor may be called in memory."""
    prefix = str(getattr(model, "base_model_prefix", ""))
    for candidate in (name, name.replace(".block_sparse_moe.", ".mlp.")):
        yield candidate
        yield f"{prefix}.{candidate}"


def _disk_name(parameter: str, stored: set[str], model: PreTrainedModel) -> str | None:
    """The name under which a parameter is stored, if it is."""
    prefix = str(getattr(model, "base_model_prefix", "")) + "."
    return next((n for n in (parameter, parameter.removeprefix(prefix)) if n in stored), None)


def _is_ignored(model: PreTrainedModel, name: str) -> bool:
    """Whether the loader itself leaves this tensor aside: buffers that are computed."""
    patterns = getattr(model, "_keys_to_ignore_on_load_unexpected", None) or ()
    return name.endswith("rotary_emb.inv_freq") or any(re.search(p, name) for p in patterns)


def _misfits(spec: TensorSpec, place: Place, parameters: Mapping[str, Any]) -> Iterator[Problem]:
    live = parameters[place.parameter]
    if str(live.dtype).removeprefix("torch.") != spec.dtype.torch_name:
        yield Problem(
            f"'{spec.name}' would be written as {spec.dtype.torch_name} and is {live.dtype} in memory",
            "give all tensors one number format: --dtype bfloat16",
        )
    elif place.n_bytes == live.numel() * live.element_size():
        if tuple(live.shape) != spec.shape:
            yield Problem(f"'{spec.name}' is {list(spec.shape)} on disk and {list(live.shape)} in memory")
    elif spec.shape[-1:] != tuple(live.shape[-1:]) or place.offset + place.n_bytes > live.numel() * live.element_size():
        yield Problem(f"'{spec.name}' {list(spec.shape)} is no part of '{place.parameter}' {list(live.shape)}")


def require_same_bytes(places: Mapping[str, Place], views: Mapping[str, Any], loaded: Mapping[str, Tensor]) -> None:
    """Compare the beginning of each tensor of the checkpoint that was loaded with what is at its place.

    Args:
        places: as `find_places` gives them.
        views: the bytes of each parameter, as flat uint8 arrays or tensors on the CPU or elsewhere.
        loaded: the tensors of the checkpoint; those in another number format than the model's are not compared.
    Raises:
        IncompatibleError: naming the tensors that transformers put elsewhere, or turned on the way.
    """
    wrong = []
    with TensorReader() as reader:
        for name, place in places.items():
            tensor = loaded.get(name)
            if tensor is None or tensor.n_bytes != place.n_bytes:
                continue
            expected = bytearray(min(_PROBE_BYTES, place.n_bytes))
            reader.read(tensor, 0, memoryview(expected))
            found = views[place.parameter][place.offset : place.offset + len(expected)]
            if bytes(expected) != bytes(found.cpu().numpy() if hasattr(found, "cpu") else found):
                wrong.append(name)
    if wrong:
        names = ", ".join(wrong[:_SHOWN]) + (f" and {len(wrong) - _SHOWN} more" if len(wrong) > _SHOWN else "")
        raise IncompatibleError(
            f"transformers does not load {names} as stored: they cannot be merged in memory",
            cure="merge to folders with mergealign merge, and compare them with mergealign evaluate",
        )
