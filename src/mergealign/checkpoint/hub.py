"""Where a model comes from: a folder, or `org/name[@revision]` on the Hub, fetched into the Hub's own cache.

Only what a merge reads is fetched, in two steps: config, tokenizer and index of every model, so that a missing or gated
one shows before gigabytes move; then the weight files, of which the index decides."""

from __future__ import annotations

import glob
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from ..errors import CheckpointError, Problem
from ..recipe.merge import HUB_NAME
from .files import read_json
from .folder import INDEX, SINGLE
from .hub_call import hub_call, hub_token, is_offline
from .tokens import TEMPLATE_FILES, TOKENIZER_FILES

__all__ = ["SMALL_FILES", "ResolvedSource", "resolve_source", "resolve_sources"]

SMALL_FILES = (
    "config.json",
    "generation_config.json",
    *TOKENIZER_FILES,
    *(name if "." in name else f"{name}/*" for name in TEMPLATE_FILES),
    "preprocessor_config.json",
    "processor_config.json",
    "LICENSE*",
    "NOTICE*",
    "USE_POLICY*",
)
"""What belongs to a model besides weights and code, as patterns."""


@dataclass(frozen=True)
class ResolvedSource:
    """A model that is on this disk.

    Attributes:
        source: as the user named it.
        folder: where it is.
        revision: the commit it was fetched at; None for a folder of the user's.
    """

    source: str
    folder: Path
    revision: str | None = None


def resolve_source(source: str, *, with_code: bool = False, progress: bool | None = None) -> ResolvedSource:
    """The folder of one model, fetched if it must be.

    Args:
        source: a folder if it exists, else `org/name[@revision]`.
        with_code: also fetch `*.py`, for models with their own code.
        progress: draw bars for the weights on stderr; default: if it is a terminal.
    Raises:
        CheckpointError: what is missing, gated, cut off or unreachable, and the cure.
    """
    return _with_weights(_find(source, with_code), progress)


def resolve_sources(
    sources: Mapping[str, str], *, with_code: bool = False, progress: bool | None = None
) -> dict[str, ResolvedSource]:
    """Resolve models by role: all are found before the weights of any are fetched, all problems told at once."""
    found: dict[str, ResolvedSource] = {}
    problems: list[Problem] = []
    for role, source in sources.items():
        try:
            found[role] = _find(source, with_code)
        except CheckpointError as e:
            problems.extend(Problem(f"{role}: {p.what}", p.cure) for p in e.problems)
    if problems:
        raise CheckpointError(*problems)
    return {role: _with_weights(source, progress) for role, source in found.items()}


def _find(source: str, with_code: bool) -> ResolvedSource:
    """A folder as it is; of a model on the Hub everything but the weights."""
    with suppress(OSError, RuntimeError, ValueError):  # too long, ~nobody, NUL: no folder
        if (folder := Path(source).expanduser()).exists():
            return ResolvedSource(source, folder)
    name = HUB_NAME.fullmatch(source)
    if name is None:
        raise CheckpointError(
            f"{source} does not exist: it is neither a folder nor org/name on the Hub",
            cure="give a folder with config.json and *.safetensors, or org/name[@revision]",
        )
    wanted = [*SMALL_FILES, INDEX, "adapter_config.json", *(["*.py"] if with_code else [])]
    folder = _snapshot(source, name["repo"], name["revision"], wanted, progress=False)
    if not (folder / "config.json").is_file():
        if (folder / "adapter_config.json").is_file():
            raise CheckpointError(f"{source} is a LoRA adapter", cure="merge it into its base first")
        raise CheckpointError(f"{source} has no config.json", cure="give a model in the form transformers writes")
    return ResolvedSource(source, folder, folder.name)


def _with_weights(source: ResolvedSource, progress: bool | None) -> ResolvedSource:
    """The same source, its weight files fetched too if it is from the Hub."""
    if source.revision is None:
        return source
    names = [SINGLE]
    if (source.folder / INDEX).is_file():
        mapped = read_json(source.folder / INDEX).get("weight_map")
        names = sorted({str(n) for n in mapped.values()}) if isinstance(mapped, dict) else []  # then refused on opening
    if not all((source.folder / n).is_file() for n in names):
        repo = source.source.partition("@")[0]
        _snapshot(source.source, repo, source.revision, [glob.escape(n) for n in names], progress=progress)
    if missing := [n for n in names if Path(n).name == n and not (source.folder / n).is_file()]:
        cure = "choose another model or revision; pickled weights (*.bin) can be saved as safetensors with transformers"
        if is_offline():
            cure = "unset HF_HUB_OFFLINE to fetch them, if they exist"
        raise CheckpointError(*(Problem(f"{source.source} has no {n}", cure) for n in missing))
    return source


def _snapshot(source: str, repo: str, revision: str | None, patterns: list[str], *, progress: bool | None) -> Path:
    from huggingface_hub import snapshot_download

    with hub_call(source, progress):
        folder = snapshot_download(
            repo,
            revision=revision,
            allow_patterns=patterns,
            ignore_patterns=["*/*.py"],
            token=hub_token() or False,
            library_name="mergealign",
        )
    return Path(folder)
