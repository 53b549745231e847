"""A starting point after LM-Cocktail (arXiv 2311.13534): models weigh by how likely they find the given answers.

    w_m = exp(−L_m / T) / Σ_n exp(−L_n / T)      m, n: domain expert and aligned model; L in nats per token
    λ_d = w_domain,  λ_a = w_aligned

The weights sum to 1, so the base cancels: base + λ_d (domain − base) + λ_a (aligned − base) = λ_d domain + λ_a aligned,
the plain weighted average of the paper. A small temperature T takes nearly all from the better model, a large one
averages.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from math import exp

from ..merge.plan import MergePlan
from ..record.study import CocktailStart, Loss
from .prepare import Prepared
from .rules import Rule
from .space import Space

__all__ = ["CORNERS", "cocktail_start", "cocktail_weights", "starting_point"]

CORNERS = {"domain": (1.0, 0.0), "aligned": (0.0, 1.0)}
"""(λ_d, λ_a) that give these models back."""


def cocktail_weights(losses: Mapping[str, float], temperature: float) -> dict[str, float]:
    """softmax(−loss / T) by model; `temperature` > 0. Weights are positive and sum to 1."""
    least = min(losses.values())
    parts = {name: exp((least - loss) / temperature) for name, loss in losses.items()}
    return {name: part / sum(parts.values()) for name, part in parts.items()}


def cocktail_start(prepared: Prepared, loss_of: Callable[[MergePlan], Loss], temperature: float) -> CocktailStart:
    """Losses of expert and aligned model, merged in memory with weights (1, 0) and (0, 1), and their softmax."""
    losses = {
        name: loss_of(prepared.compared(Rule("mergealign", {}, {"domain_weight": d, "alignment_weight": a})))
        for name, (d, a) in CORNERS.items()
    }
    weights = cocktail_weights({name: loss.total for name, loss in losses.items()}, temperature)
    return CocktailStart(temperature=temperature, losses=losses, weights=weights)


def starting_point(space: Space, start: CocktailStart) -> dict[str, float] | None:
    """The same two weights everywhere; None where they are out of the ranges that are searched."""
    return space.everywhere(domain_weight=start.weights["domain"], alignment_weight=start.weights["aligned"])
