"""How two models differ on the same items: one record, no prompts and no answers in it."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict

__all__ = ["Compared", "Comparison", "PairedDifference"]


class _Frozen(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


class Compared(_Frozen):
    """One of the two models, as its evaluation record names it."""

    file: str
    name: str
    weights_digest: str | None


class PairedDifference(_Frozen):
    """One score of one task on the items that both models were scored on.

    Attributes:
        main: whether the score stands for the task; only these are adjusted for their number.
        a, b: the score of either model on these items.
        difference: b − a, with its 95 % interval: a bootstrap over groups of items; `wilson` where all pairs differ
            alike: ± the Wilson limit of the share of pairs that could differ otherwise.
        n_only_a, n_only_b: items with a hit of one model alone; None for a score that is no yes or no.
        p_mcnemar: exact two-sided p of McNemar's test.
        p_holm: the same, adjusted over the main scores of all tasks.
        n_unpaired: items that one of the models was not asked or not scored on.
    """

    task: str
    section: Literal["knowledge", "general", "harmful", "benign"]
    score: str
    main: bool
    n: int
    n_groups: int
    a: float
    b: float
    difference: float
    ci_low: float
    ci_high: float
    method: Literal["bootstrap", "wilson"]
    n_only_a: int | None = None
    n_only_b: int | None = None
    p_mcnemar: float | None = None
    p_holm: float | None = None
    n_unpaired: int = 0


class Comparison(_Frozen):
    """`mergealign compare`: b minus a."""

    schema_version: Literal[1] = 1
    suite: str
    split: Literal["dev", "test"]
    seed: int
    a: Compared
    b: Compared
    differences: tuple[PairedDifference, ...]
    notes: tuple[str, ...] = ()
