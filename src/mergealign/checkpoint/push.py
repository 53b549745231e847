"""A model folder to the Hub, in one commit: the repository holds the old model or the new one, never a mixture."""

from __future__ import annotations

from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path

from ..errors import OutputError, UsageError
from ..recipe.merge import HUB_NAME
from .folder import INDEX, open_checkpoint
from .hub import SMALL_FILES
from .hub_call import hub_call, hub_token

__all__ = ["Pushed", "model_files", "push_folder"]

_OURS = (*SMALL_FILES, "README.md", "mergealign.json")
_REPLACED = (*_OURS, "model*.safetensors", INDEX)


@dataclass(frozen=True)
class Pushed:
    """What has arrived.

    Attributes:
        url: of the model's page.
        commit: hash.
        files: what was sent, by path.
        deleted: files of an earlier model that the new one does not have.
    """

    url: str
    commit: str
    files: tuple[str, ...]
    deleted: tuple[str, ...]


def model_files(folder: Path) -> list[str]:
    """The paths in a complete model folder that belong to the model; strays are left out. Raises CheckpointError."""
    opened = open_checkpoint(folder)
    if ".mergealign-" in opened.folder.name:
        raise OutputError(f"{folder} is a temporary folder of a merge", cure="give the folder that was named --out")
    weights = {t.file.name for t in opened.tensors.values()}
    patterns = [*_OURS, *(["*.py"] if "auto_map" in opened.config else [])]
    paths = [p.relative_to(opened.folder).as_posix() for p in opened.folder.rglob("*") if p.is_file()]
    chosen = {p for p in paths if _matches(p, patterns)} | weights
    return sorted(chosen | ({INDEX} & set(paths)))


def _matches(path: str, patterns: list[str] | tuple[str, ...]) -> bool:
    """Whether a pattern of the same depth fits."""
    return any(fnmatchcase(path, p) and path.count("/") == p.count("/") for p in patterns)


def push_folder(
    folder: Path,
    repo: str,
    *,
    private: bool = False,
    revision: str | None = None,
    message: str | None = None,
    progress: bool | None = None,
) -> Pushed:
    """Upload a model folder and its card, creating the repository if needed.

    Args:
        repo: `org/name`.
        private: create it private; refuse one that exists and is public.
        revision: branch, created if needed; default main.
        message: of the commit.
        progress: draw bars on stderr; default: if it is a terminal.
    Raises:
        MergeAlignError: what is wrong with the folder, the token, the name or the network.
    """
    name = HUB_NAME.fullmatch(repo)
    if name is None or name["revision"]:
        raise UsageError(
            f"{repo} is not org/name", cure="for example my-org/safe-expert; a branch is given by --revision"
        )
    files = model_files(folder)
    token = hub_token()
    if token is None:
        raise UsageError("pushing needs a token", cure="set HF_TOKEN to a token with write permission")

    from huggingface_hub import CommitOperationAdd, CommitOperationDelete, HfApi

    api = HfApi(token=token, library_name="mergealign")
    with hub_call(repo, progress, OutputError):
        api.create_repo(repo, private=private or None, exist_ok=True)
        is_public = private and not api.repo_info(repo).private
    if is_public:
        raise OutputError(f"{repo} exists and is public", cure="make it private on its page, or choose another name")
    with hub_call(repo, progress, OutputError):
        if revision is not None:
            api.create_branch(repo, branch=revision, exist_ok=True)
        there = api.list_repo_files(repo, revision=revision)
        stale = [f for f in there if f not in files and _matches(f, _REPLACED)]
        done = api.create_commit(
            repo,
            operations=[
                *(CommitOperationAdd(path_in_repo=f, path_or_fileobj=folder / f) for f in files),
                *(CommitOperationDelete(path_in_repo=f) for f in stale),
            ],
            commit_message=message or f"Upload {folder.resolve().name} with mergealign",
            revision=revision,
        )
        return Pushed(f"{api.endpoint}/{repo}", str(done.oid), tuple(files), tuple(stale))
