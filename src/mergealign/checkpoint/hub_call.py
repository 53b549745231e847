"""A call to huggingface_hub: which token it sends, what it draws, and what its failures mean.

The token comes from the environment variable HF_TOKEN and from nowhere else, and is never part of a message.
"""

from __future__ import annotations

import errno
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from json import JSONDecodeError

from ..errors import CheckpointError, MergeAlignError, Problem, UsageError

__all__ = ["hub_call", "hub_token", "is_offline"]


def hub_token() -> str | None:
    """The token in the environment; one that `hf auth login` has left in a file is not looked at."""
    token = os.environ.get("HF_TOKEN", "").strip()
    if not (token.isascii() and token.isprintable()):  # an HTTP client would print it, complaining
        raise UsageError("HF_TOKEN holds characters that no token has", cure="set it again")
    return token or None


def is_offline() -> bool:
    """Whether HF_HUB_OFFLINE is set."""
    from huggingface_hub import constants

    return constants.HF_HUB_OFFLINE


@contextmanager
def _bars(wanted: bool | None) -> Iterator[None]:
    """Bars (bytes, rate, time left) as huggingface_hub draws them, or none; default: if stderr is a terminal."""
    from huggingface_hub import constants
    from huggingface_hub.utils.tqdm import are_progress_bars_disabled, disable_progress_bars, enable_progress_bars

    shown = sys.stderr.isatty() if wanted is None else wanted
    if shown or are_progress_bars_disabled() or constants.HF_HUB_DISABLE_PROGRESS_BARS is not None:
        yield
        return
    disable_progress_bars()
    try:
        yield
    finally:
        enable_progress_bars()


@contextmanager
def hub_call(source: str, progress: bool | None, error: type[MergeAlignError] = CheckpointError) -> Iterator[None]:
    """Around a call: draws its progress, and turns whatever huggingface_hub, its HTTP client or the disk raises into
    what happened and what to do.
    """
    try:
        with _bars(progress):
            yield
    except MergeAlignError:
        raise
    except Exception as e:
        raise error(_explained(e, source)) from e


def _explained(error: BaseException, source: str) -> Problem:
    from huggingface_hub import constants, errors

    repo, _, revision = source.partition("@")
    is_data = repo.startswith("datasets/")
    kind = "data set" if is_data else "model"
    page, cache = f"{constants.ENDPOINT}/{repo}", constants.HF_HUB_CACHE
    causes = [error]
    while (cause := causes[-1].__cause__ or causes[-1].__context__) is not None and cause not in causes:
        causes.append(cause)
    status = next((r.status_code for e in causes if (r := getattr(e, "response", None)) is not None), None)
    if isinstance(error, errors.GatedRepoError):
        cure = f"ask for access at {page}, then set HF_TOKEN to a token of that account"
        return Problem(f"{repo} is gated: its owner decides who may download it", cure)
    if isinstance(error, errors.RevisionNotFoundError):
        return Problem(f"{repo} has no revision '{revision or 'main'}'", f"take a branch, tag or commit of {page}")
    if isinstance(error, (errors.RepositoryNotFoundError, errors.HFValidationError)):
        cure = f"check the spelling; a private {kind} needs " + ("another HF_TOKEN" if hub_token() else "HF_TOKEN")
        what = "is no data set on the Hub" if is_data else "is neither a folder here nor a model on the Hub"
        return Problem(f"{source} {what}", cure)
    if is_offline() and isinstance(error, (errors.LocalEntryNotFoundError, errors.OfflineModeIsEnabled)):
        what = f"{source} is not in the cache {cache}, or only in part, and HF_HUB_OFFLINE is set"
        return Problem(what, "unset HF_HUB_OFFLINE" if is_data else "unset HF_HUB_OFFLINE, or give a folder")
    if any(getattr(e, "errno", None) in (errno.ENOSPC, errno.EDQUOT) for e in causes):
        return Problem(f"the disk is full: {source} does not fit into {cache}", "free space, or set HF_HOME elsewhere")
    if isinstance(error, OSError) and error.errno and error.filename:
        return Problem(f"cannot write {error.filename}: {error.strerror}", "check its permissions, or set HF_HOME")
    if status in (401, 403):
        cure = "check HF_TOKEN: is it valid, and may it do this?"
        return Problem(f"the Hub refuses access to {repo} (HTTP {status})", cure)
    theirs = not isinstance(error, ValueError) or isinstance(error, JSONDecodeError)  # not a mistake in what we sent
    said = getattr(error, "server_message", None) or ""
    reason = f"HTTP {status} {said}" if theirs and status else str(causes[-1] if theirs else error)
    what = f"{constants.ENDPOINT} cannot give or take {source}: {_one_line(reason) or type(causes[-1]).__name__}"
    if theirs and (status is None or status >= 429):
        return Problem(what, "check the network, then run again: what has arrived is kept")
    return Problem(what, "mend that, then run again")


def _one_line(text: str) -> str:
    """Short, and without the token."""
    line = " ".join(text.split())[:300]
    return line.replace(token, "HF_TOKEN") if (token := hub_token()) else line
