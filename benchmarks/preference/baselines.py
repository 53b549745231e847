"""One baseline: trained at every learning rate, chosen on development items, scored once on test items."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from math import isfinite
from typing import TYPE_CHECKING

from mergealign.errors import OutputError

from .bench import Bench, say
from .pairs import Pair
from .results import Candidate, Cost
from .training import Variant, train

if TYPE_CHECKING:
    from mergealign.record.study import Measures

__all__ = ["preference_row", "rates_of"]


def preference_row(bench: Bench, variant: Variant, pairs: Sequence[Pair]) -> None:
    """All learning rates on development items, the chosen one on test items."""
    from mergealign.record.study import Trial
    from mergealign.tradeoff.choice import Policy, choose

    if bench.has_row(variant.name):
        return
    candidates = [candidate(bench, variant, rate, pairs) for rate in rates_of(bench.options, variant.method)]
    expert, aligned = (bench.reference(name) for name in ("expert", "aligned"))
    trials = [
        Trial(
            number=n,
            point={"learning_rate": c.learning_rate},
            origin="grid",
            state="failed" if c.measures is None else "complete",
            measures=c.measures,
        )
        for n, c in enumerate(candidates)
    ]
    # unlike a search, no floor on safety: a baseline is shown also where it is no safer than the expert
    choice = choose(trials, Policy().bounds(expert, aligned))
    number = choice.nearest if choice.winner is None else choice.winner
    if number is None:
        say(f"{variant.name}: {choice.reason}: no row")
        return
    taken = candidates[number]
    first, *others = (c.training + c.evaluation for c in candidates)
    choosing = sum(others, first)
    how = f"lr {taken.learning_rate:g}{', nearest' if choice.winner is None else ''}"
    folder = bench.model(f"{variant.name}-{taken.learning_rate:g}")
    if not folder.is_dir():
        raise OutputError(f"{folder} is missing", cure="remove results.jsonl and run again")
    bench.row(variant.name, folder, how, taken.training, choosing, choice)


def candidate(bench: Bench, variant: Variant, rate: float, pairs: Sequence[Pair]) -> Candidate:
    """One training run, scored on development items; taken from the results if it is there."""
    from mergealign.tradeoff.measures import measure

    known = bench.results.find(Candidate, lambda c: (c.variant, c.learning_rate) == (variant.name, rate))
    if known:
        return known
    name, options = f"{variant.name}-{rate:g}", bench.options
    trained = train(
        variant, rate, pairs, bench.lab.domain, bench.model(name), batch_size=options.batch_size, seed=options.seed
    )
    measures: Measures | None = None
    evaluation = Cost(wall_s=0.0, cpu_s=0.0)
    if trained.finite:
        found, evaluation = bench.scores(bench.model(name), "dev", name)
        measures = measure(found.tasks)
    say(f"{name}: {trained.n_steps} steps, {trained.cpu_s:.1f} CPU s" + ("" if measures else ", diverged"))
    return bench.results.add(
        Candidate(
            variant=variant.name,
            learning_rate=rate,
            n_steps=trained.n_steps,
            final_loss=trained.final_loss if isfinite(trained.final_loss) else None,
            training=Cost(wall_s=trained.wall_s, cpu_s=trained.cpu_s),
            evaluation=evaluation,
            measures=measures,
        )
    )


def rates_of(options: argparse.Namespace, method: str) -> tuple[float, ...]:
    """The learning rates to try."""
    return tuple(getattr(options, f"{method}_rates"))
