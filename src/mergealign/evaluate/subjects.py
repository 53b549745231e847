"""The models that are asked: folders and endpoints, by display name, found sound before the first of them is loaded."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from ..checkpoint.folder import open_checkpoint
from ..checkpoint.tokens import read_template
from ..errors import MergeAlignError, Problem
from ..models.causal_lm import CausalLM
from ..models.identity import folder_identity
from ..models.loading import require_device
from ..models.openai import Endpoint, OpenAIModel
from ..tasks import Task
from .cache import Cache
from .plan import EvalPlan

__all__ = ["Serving", "Source", "check_sources", "identity_of", "open_model"]

Source = Path | Endpoint
"""Where a model is."""


@dataclass(frozen=True)
class Serving:
    """How endpoints are asked; see `models.openai.OpenAIModel`.

    Attributes:
        identity: the user's word for the weights behind the endpoints; None = their answers are good for one run.
    """

    concurrency: int = 16
    timeout_s: float = 600.0
    retries: int = 6
    api_key_env: str = "OPENAI_API_KEY"
    identity: str | None = None

    def connect(self, endpoint: Endpoint) -> OpenAIModel:
        """Raises EvaluationError if nothing answers there, the key is wrong or the model is not served."""
        return OpenAIModel(
            endpoint.base_url,
            endpoint.model,
            concurrency=self.concurrency,
            timeout_s=self.timeout_s,
            retries=self.retries,
            api_key_env=self.api_key_env,
            identity=self.identity,
        )


def check_sources(
    models: Mapping[str, Source], todo: EvalPlan | None, serving: Serving, device: str = "cpu"
) -> list[Problem]:
    """What is wrong with folders, their device and endpoints, as far as that can be known without loading a model."""
    problems = [] if models else [Problem("no model to evaluate", "name at least one model folder")]
    for source in models.values():
        try:
            if isinstance(source, Endpoint):
                problems += _harness_problems(source, todo)
                serving.connect(source)
            else:
                require_device(device)
                open_checkpoint(source)
                problems += _template_problems(source, todo)
        except MergeAlignError as e:
            problems += (p for p in e.problems if p not in problems)  # one device for all
    return problems


def _harness_problems(endpoint: Endpoint, todo: EvalPlan | None) -> list[Problem]:
    asked = {t.spec.name: t.task.needs_harness for t in todo.tasks} if todo else {}
    if not any(asked.values()):
        return []
    names, others = ([n for n, needs in asked.items() if needs is wanted] for wanted in (True, False))
    what = f"{', '.join(names)}: log-likelihoods are not to be had from {endpoint.base_url}, as from any chat server"
    rest = f"ask only the other tasks (--tasks {','.join(others)}), or " if others else ""
    return [Problem(what, f"{rest}evaluate the model's folder instead")]


def _template_problems(folder: Path, todo: EvalPlan | None) -> list[Problem]:
    if todo is None or todo.suite.chat_template is not None or read_template(folder) is not None:
        return []
    chats = [t.spec.name for t in todo.tasks if _chats(t.task)]
    if not chats:
        return []
    what = f"{folder} has no chat template, which task '{chats[0]}' needs"
    return [Problem(what, "name one in the suite: chat_template: path/to/chat_template.jinja")]


def _chats(task: Task) -> bool:
    """Whether a task asks in user turns: not if it says that its prompts are `plain`, or that it does not `chat`."""
    return not getattr(task, "plain", False) and bool(getattr(task, "chat", True))


def open_model(
    source: Source,
    *,
    chat_template: str | None,
    batch_size: int,
    device: str,
    serving: Serving,
    cache: Cache | None,
    run: str | None,
) -> CausalLM | OpenAIModel:
    """Load or reach a model and let it remember what `cache` holds of it.

    `run` is part of the identity of an endpoint that nobody vouches for; without it, nothing of it is remembered.
    """
    if isinstance(source, Endpoint):
        served = serving.connect(source)
        vouched = serving.identity is not None
        if cache is not None and (vouched or run is not None):
            served.memo = cache.memo({**served.identity(), **({} if vouched else {"run": str(run)})})
        return served
    local = CausalLM.load(source, chat_template=chat_template, batch_size=batch_size, device=device)
    if cache is not None:
        local.memo = cache.memo(local.identity())
    return local


def identity_of(source: Source) -> tuple[str | None, str | None]:
    """Digests of the weights and of the other files of a folder; None for an endpoint. Raises CheckpointError."""
    if isinstance(source, Endpoint):
        return None, None
    found = folder_identity(source)
    return found["weights_digest"], found["files_digest"]
