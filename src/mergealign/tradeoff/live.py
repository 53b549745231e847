"""A model in memory whose weights are merged anew, in place, as often as the search wants: nothing is written to disk.

The merge engine streams into the bytes of the parameters. On the CPU those are numpy views, in which the results are
computed; on an accelerator every range is copied over as it is finished. The result is, bit for bit, what loading the
folder would give that `mergealign merge` writes for the same recipe: the same config, tokenizer, template and stop
tokens, too.
"""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from ..checkpoint.digest import PieceDigests, TensorDigest, weights_digest
from ..checkpoint.folder import CONFIG, INDEX
from ..errors import IncompatibleError
from ..merge.plan import MergePlan, PlannedTensor
from ..merge.room import Bytes
from ..merge.stream import stream
from ..merge.surroundings import config_bytes, write_surroundings
from ..models.causal_lm import CausalLM
from .places import find_places, require_same_bytes

if TYPE_CHECKING:
    import torch

__all__ = ["LiveModel", "LiveSink", "load_live"]


class LiveSink:
    """A SinkInMemory of `merge.stream`: the parameters of a live model.

    Args:
        plan: gives names, shapes and number formats; every plan that agrees in them may be streamed here.
        model: a transformers model, loaded from the plan's reference. Its parameters get memory of their own.
    Raises:
        IncompatibleError: names, shapes or number formats on disk and in memory do not fit.
    """

    def __init__(self, plan: MergePlan, model: Any) -> None:
        self._specs = {t.spec.name: t.spec for t in plan.tensors}
        self._places = find_places(model, tuple(self._specs.values()))
        _own_memory(model)
        parameters = dict(model.named_parameters(remove_duplicate=False))
        self._views = {p.parameter: _bytes_of(parameters[p.parameter]) for p in self._places.values()}
        alike = {n: t for n, t in plan.reference.tensors.items() if n in self._specs}
        loaded = {n: t for n, t in alike.items() if t.dtype == self._specs[n].dtype}
        require_same_bytes(self._places, self._views, loaded)

    def require_fit(self, plan: MergePlan) -> None:
        """Raises IncompatibleError for a plan with other tensors than the first one."""
        if {t.spec.name: t.spec for t in plan.tensors} != self._specs:
            raise IncompatibleError(
                "the merge has other tensors, or other number formats, than the model in memory",
                cure="give all of them one number format, for example --dtype bfloat16",
            )

    def place(self, tensor: PlannedTensor, offset: int, n_bytes: int) -> Bytes | None:
        place = self._places.get(tensor.spec.name)
        if place is None or not isinstance(self._views[place.parameter], np.ndarray):
            return None
        start = place.offset + offset
        room: Bytes = self._views[place.parameter][start : start + n_bytes]
        return room if room.ctypes.data % tensor.spec.dtype.n_bytes == 0 else None

    def write(self, tensor: PlannedTensor, offset: int, data: memoryview) -> None:
        place = self._places.get(tensor.spec.name)
        if place is None:
            return  # a stored copy of a tied tensor, or a buffer that models compute
        view, start = self._views[place.parameter], place.offset + offset
        if isinstance(view, np.ndarray):
            view[start : start + len(data)] = np.frombuffer(data, np.uint8)
        else:
            import torch

            view[start : start + len(data)].copy_(torch.frombuffer(data, dtype=torch.uint8))  # staged: waits

    def read_digest(self) -> str:
        """The weights digest of what is in memory now, as a folder with the same tensors would have it."""
        digests = []
        for spec in self._specs.values():
            place = self._places.get(spec.name)
            if place is None:
                raise IncompatibleError(f"'{spec.name}' is not kept in memory: the digest of all tensors is not known")
            found = self._views[place.parameter][place.offset : place.offset + place.n_bytes]
            content = np.ascontiguousarray(found if isinstance(found, np.ndarray) else found.cpu().numpy())
            pieces = PieceDigests(spec.n_bytes)
            pieces.add(0, content.data)
            digests.append(TensorDigest(spec.name, spec.dtype, spec.shape, pieces.hexdigest()))
        return weights_digest(digests)


class LiveModel:
    """A model that answers, and the sink through which it gets new weights.

    Attributes:
        lm: the model, ready to be asked; its `memo` must be set anew after each merge.
        sink: writes into it.
    """

    def __init__(self, lm: CausalLM, plan: MergePlan) -> None:
        self.lm = lm
        self.sink = LiveSink(plan, lm.model)
        self._identity = {k: v for k, v in lm.identity().items() if k != "weights"}

    def remerge(
        self,
        plan: MergePlan,
        *,
        threads: int | None = None,
        digest: bool = True,
        progress: Callable[[int], None] | None = None,
    ) -> str | None:
        """Give the model the weights of `plan`. Returns their digest, None without `digest`.

        Raises:
            NumericsError: the merge gives NaN or infinity; the model then holds a part of it.
            CheckpointError: an input cannot be read.
        """
        self.sink.require_fit(plan)
        self.lm.memo = None
        found = stream(plan, self.sink, threads=threads or os.cpu_count() or 1, digest=digest, progress=progress)
        return weights_digest(found.output) if digest else None

    def identity(self, digest: str) -> dict[str, str]:
        """All that decides the answers of the model with the weights of this digest."""
        return {**self._identity, "merged_weights": digest}


def load_live(plan: MergePlan, *, chat_template: str | None, batch_size: int, device: str) -> LiveModel:
    """The model of `plan` in memory, with the weights of its reference until the first `remerge`.

    Config, tokenizer, template and stop tokens are those of the folder that the plan would write.
    Raises IncompatibleError, CheckpointError or EvaluationError before anything is searched.
    """
    with tempfile.TemporaryDirectory(prefix="mergealign-") as scratch:
        folder = Path(scratch)
        write_surroundings(plan, folder)
        (folder / CONFIG).write_bytes(config_bytes(plan))
        for file in {t.file for t in plan.reference.tensors.values()}:
            (folder / file.name).symlink_to(file)
        if (plan.reference.folder / INDEX).is_file():
            (folder / INDEX).symlink_to(plan.reference.folder / INDEX)
        lm = CausalLM.load(folder, chat_template=chat_template, batch_size=batch_size, device=device)
        lm.name = "the merged model"
        return LiveModel(lm, plan)


def _own_memory(model: Any) -> None:
    """Parameters may be views of a mapped file or of each other: copy each once. What is tied stays tied."""
    for parameter in model.parameters():
        parameter.data = parameter.data.clone().contiguous()
        parameter.requires_grad_(False)


def _bytes_of(parameter: torch.Tensor) -> Any:
    """The bytes of a parameter: a flat numpy view on the CPU, a flat uint8 tensor elsewhere."""
    import torch

    flat = parameter.data.reshape(-1).view(torch.uint8)
    return flat.numpy() if flat.device.type == "cpu" else flat
