"""Families of models that are formulas: what a point reaches is known, and costs nothing."""

from __future__ import annotations

from math import exp

from mergealign.record.study import Dimension, Loss, Measures, Score, Trial
from mergealign.tradeoff.choice import Policy
from mergealign.tradeoff.samplers import Search
from mergealign.tradeoff.space import Point, Space, make_groups

NAMES = [
    "model.embed_tokens.weight",
    *(f"model.layers.{n}.{part}.weight" for n in range(12) for part in ("self_attn.q_proj", "mlp.up_proj", "norm")),
    "model.norm.weight",
    "lm_head.weight",
]


def score(value: float, n: int = 400) -> Score:
    return Score(value=value, ci_low=max(0.0, value - 0.02), ci_high=min(1.0, value + 0.02), n=n, tasks=("t",))


def measures(
    knowledge: float, safety: float, over_refusal: float = 0.0, incoherent: float = 0.0, general: float = 0.9
) -> Measures:
    return Measures(
        knowledge=score(knowledge),
        safety=score(safety),
        over_refusal=score(over_refusal),
        incoherent=score(incoherent),
        general=score(general),
    )


def trial(number: int, *values: float) -> Trial:
    return Trial(number=number, point={}, origin="fake", state="complete", measures=measures(*values))


def behavior(domain: float, aligned: float) -> Measures:
    """The two vectors disturb each other; too much of both breaks the model."""

    def rises(x: float) -> float:
        return 1 / (1 + exp(-10 * (x - 0.5)))

    broken = rises((domain**2 + aligned**2) / 4 - 0.3)
    knowledge = 0.25 + 0.7 * rises(domain) * (1 - 0.25 * rises(aligned - 0.6)) * (1 - broken)
    safety = rises(aligned - 0.35 * domain + 0.1) * (1 - broken)
    return measures(knowledge, safety, over_refusal=0.3 * rises(aligned - 0.8), incoherent=broken)


BOUNDS = Policy(keep_knowledge=0.9).bounds(behavior(1, 0), behavior(0, 1))


def space(granularity: str = "global") -> Space:
    return Space(make_groups(granularity, NAMES), {"domain_weight": (0.0, 1.5), "alignment_weight": (0.0, 1.5)})


def search_of(granularity: str = "global", n_trials: int = 20, seed: int = 0) -> Search:
    found = space(granularity)
    return Search(found.dimensions, tuple(found.corners()), BOUNDS, n_trials, seed)


def loss_of(domain: float, aligned: float) -> Loss:
    """Least at (1, 0.6), where it is 0."""
    safety, expert = (aligned - 0.6) ** 2, (domain - 1) ** 2
    return Loss(safety=safety, expert=expert, total=safety + expert)


class Bench:
    """Measures points by `behavior` of their mean weights, or by their loss; counts what it was asked."""

    def __init__(self, dimensions: tuple[Dimension, ...], *, by_loss: bool = False) -> None:
        self._dimensions = dimensions
        self._by_loss = by_loss
        self.asked: list[dict[str, float]] = []

    def __call__(self, point: Point, begun: Trial) -> Trial:
        self.asked.append(dict(point))

        def mean(parameter: str) -> float:
            values = [point[d.name] for d in self._dimensions if d.parameter == parameter]
            return sum(values) / len(values)

        done = begun.model_copy(update={"state": "complete", "weights_digest": f"{begun.number}"})
        weights = mean("domain_weight"), mean("alignment_weight")
        if self._by_loss:
            return done.model_copy(update={"loss": loss_of(*weights)})
        return done.model_copy(update={"measures": behavior(*weights)})
