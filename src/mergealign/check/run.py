"""All checks of the models, for `mergealign check` and before every merge."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from typing import Any

from ..checkpoint.folder import Checkpoint, open_checkpoint
from ..checkpoint.hub import resolve_sources
from ..errors import CheckpointError, IncompatibleError, MergeAlignError, Problem
from ..recipe.request import MergeRequest
from .configs import check_code, check_configs
from .finding import Finding, Level
from .fit import Fit, fit_checkpoints
from .lineage import Lineage, check_lineage
from .tokens import check_tokens

__all__ = ["SUBJECTS", "CheckReport", "check_fit", "check_models", "open_models"]

SUBJECTS = (
    "files",
    "config",
    "rotary embedding",
    "tensor names",
    "tensor shapes",
    "dtypes",
    "tied embeddings",
    "finite values",
    "lineage",
    "tokenizer",
    "chat template",
    "stop tokens",
)


@dataclass(frozen=True)
class CheckReport:
    """What was found.

    Attributes:
        findings: in the order of SUBJECTS; a subject about which there is nothing to say has one OK.
        fit: the tensors to merge.
        lineage: what was measured; None if it could not be.
    """

    findings: tuple[Finding, ...]
    fit: Fit
    lineage: Lineage | None

    @property
    def notes(self) -> tuple[str, ...]:
        """Notes and warnings in words."""
        said = [f for f in self.findings if f.level in (Level.NOTE, Level.WARNING)]
        return tuple(dict.fromkeys(f"{f.what} ({f.cure})" if f.cure else f.what for f in said))

    @property
    def errors(self) -> tuple[Problem, ...]:
        """What stops a merge."""
        return tuple(Problem(f.what, f.cure) for f in self.findings if f.level is Level.ERROR)

    def raise_errors(self) -> None:
        """Raise IncompatibleError with all errors, if there are any."""
        if self.errors:
            raise IncompatibleError(*self.errors)

    def describe(self) -> dict[str, Any]:
        """The report as plain values, for `--json`."""
        return {
            "fits": not self.errors,
            "findings": [asdict(f) for f in self.findings],
            "lineage": asdict(self.lineage) if self.lineage else None,
        }


def open_models(request: MergeRequest) -> dict[str, Checkpoint]:
    """The checkpoints of a merge by label, fetched if they are on the Hub; the one whose config is taken is first.

    Raises CheckpointError with the problems of all of them.
    """
    labels = sorted(request.models, key=lambda label: label != request.base)
    sources = resolve_sources({label: request.models[label] for label in labels}, with_code=request.copy_code)
    models: dict[str, Checkpoint] = {}
    problems: list[Problem] = []
    for label in labels:
        try:
            models[label] = replace(open_checkpoint(sources[label].folder), revision=sources[label].revision)
        except MergeAlignError as e:
            problems.extend(Problem(f"{label}: {p.what}", p.cure) for p in e.problems)
    if problems:
        raise CheckpointError(*problems)
    return models


def check_fit(models: Mapping[str, Checkpoint], request: MergeRequest) -> CheckReport:
    """Of the checks only how the tensors go together: for models that `check_models` has seen."""
    fit = fit_checkpoints(models, request)
    return CheckReport(tuple(fit.findings), fit, None)


def check_models(
    models: Mapping[str, Checkpoint], request: MergeRequest, *, allow_unrelated: bool = False
) -> CheckReport:
    """Check whether the models belong together.

    Args:
        request: with the chat template decided (`settle_template`).
        allow_unrelated: turns errors of lineage into warnings.
    """
    reference = next(iter(models))
    fit = fit_checkpoints(models, request)
    lineage, lineage_findings = check_lineage(
        fit.family, reference, roles=request.dialect == "native" and {"base", "domain", "aligned"} <= models.keys()
    )
    if allow_unrelated:
        lineage_findings = [
            replace(f, level=Level.WARNING, cure="allowed on request")
            if f.subject == "lineage" and f.level is Level.ERROR
            else f
            for f in lineage_findings
        ]
    found = [
        *check_configs(models),
        *check_code(reference, models[reference], copied=request.copy_code),
        *fit.findings,
        *lineage_findings,
        *check_tokens(models, request),
    ]
    silent = [Finding(Level.OK, subject, "fits") for subject in SUBJECTS if subject not in {f.subject for f in found}]
    return CheckReport(tuple(sorted([*found, *silent], key=lambda f: SUBJECTS.index(f.subject))), fit, lineage)
