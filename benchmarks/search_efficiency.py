"""How much of the trade-off a search finds in how many trials: samplers, granularities and merge rules on `hard` labs.

    python benchmarks/search_efficiency.py --seeds 0,1,2 --folder LABS --out RUNS.jsonl [--trials 24] [--full-grid 7]
    python benchmarks/search_efficiency.py --summary RUNS.jsonl …

Each seed is a lab of its own (built into LABS where it is missing). Each run is one search of the product on a part of
the development items; the front it has after 4, 8, 12 … trials (of those that satisfy the bounds on over-refusal and
incoherence) is then scored on test items:

    hypervolume = area under the front above (knowledge = chance, safety = 0), as a share of what a perfect model has

Of the rules, `mergealign` searches its two weights, for all tensors, for two runs of layers or for each layer. The
others search their own parameters, with Gaussian processes, one setting for all tensors, as often:

    slerp t · linear share of the expert · ties and dare_linear density and lambda · model_stock nothing

The product tries the corners first. Runs called "cold" go without them, to show what the samplers do by themselves.

Weights that one run has measured are not measured again in another; their seconds count nevertheless. A finished run is
one line of RUNS.jsonl: the same command goes on behind the last one. Everything is computed with --threads.

The toy models show how searches behave on a small noisy problem; they say nothing about 8 B models.
"""

from __future__ import annotations

import argparse
import json
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import Any

from mergealign.evaluate.plan import EvalPlan, plan
from mergealign.evaluate.run import score
from mergealign.lab.build import build_lab
from mergealign.lab.folder import LabFolder
from mergealign.merge.plan import MergePlan, make_plan
from mergealign.models.threads import use_threads
from mergealign.recipe.suite import Split, read_suite
from mergealign.record.study import Bound, Measures, Trial
from mergealign.tradeoff.choice import Policy, satisfies
from mergealign.tradeoff.hypervolume import Outcome, front, hypervolume
from mergealign.tradeoff.journal import open_journal
from mergealign.tradeoff.live import load_live
from mergealign.tradeoff.measures import measure
from mergealign.tradeoff.rules import recipe_of
from mergealign.tradeoff.samplers import Search
from mergealign.tradeoff.search import Limits, search
from mergealign.tradeoff.space import Point, Space, make_groups
from search_summary import read_lines, summarize

REFERENCE = Outcome(0.25, 0.0)  # four choices
ITEMS: dict[Split, dict[str, int]] = {
    "dev": {"domain": 64, "risky": 32, "harmful": 48, "misuse": 48, "benign": 32},
    "test": {"domain": 160, "risky": 80, "harmful": 160, "misuse": 160},
}
N_CORNERS = 4
WEIGHTS = {"domain_weight": (0.0, 1.5), "alignment_weight": (0.0, 1.5)}


@dataclass(frozen=True)
class Run:
    """A search: what is searched, by whom, how often."""

    rule: str
    sampler: str
    n_trials: int
    ranges: Mapping[str, tuple[float, float]] = field(default_factory=lambda: WEIGHTS)
    granularity: str = "global"
    full: bool = False
    cold: bool = False

    @property
    def name(self) -> str:
        return f"{self.rule} {self.granularity} {'full ' * self.full}{self.sampler}{' cold' * self.cold}"

    def models(self, lab: LabFolder) -> dict[str, str]:
        roles = {"base": lab.base, "domain": lab.domain, "aligned": lab.aligned}
        if self.rule == "slerp":  # from the aligned model to the expert
            roles = {"base": lab.aligned, "domain": lab.domain}
        return {role: str(folder) for role, folder in roles.items()}

    def parameters(self, settings: Mapping[str, Any]) -> dict[str, Any]:
        """Settings of the space as the rule has them."""
        if self.rule == "linear":
            return {"domain.weight": settings["share"], "aligned.weight": 1 - settings["share"]}
        return {**settings, **({"weight": 1.0} if self.rule in ("ties", "dare_linear") else {})}


def runs(n_trials: int, levels: int | None) -> Iterator[Run]:
    """All of them, for one lab."""
    for sampler in ("random", "gp", "cmaes", "grid"):
        yield Run("mergealign", sampler, n_trials)
    for rule, ranges in (("slerp", {"t": (0.0, 1.0)}), ("linear", {"share": (0.0, 1.0)})):
        yield Run(rule, "gp", n_trials, ranges)
    for rule in ("ties", "dare_linear"):
        yield Run(rule, "gp", n_trials, {"density": (0.1, 1.0), "lambda": (0.25, 2.5)})
    yield Run("model_stock", "none", 1, {})
    for granularity in ("group:2", "layer"):
        for sampler in ("random", "gp", "cmaes"):
            yield Run("mergealign", sampler, n_trials, granularity=granularity)
    for granularity, samplers in (("global", ("random", "gp", "cmaes", "grid")), ("layer", ("random", "gp", "cmaes"))):
        for sampler in samplers:
            yield Run("mergealign", sampler, n_trials, granularity=granularity, cold=True)
    if levels:
        yield Run("mergealign", "grid", N_CORNERS + levels**2, full=True)


@dataclass
class Measured:
    """What weights reached, and the seconds it took to find out."""

    measures: Measures
    elapsed_s: float


class Bench:
    """A lab, its model in memory, and what is known of weights."""

    def __init__(self, lab: LabFolder, threads: int) -> None:
        self.lab, self.threads, self.seed = lab, threads, lab.record.seed
        suite = read_suite(lab.suite)
        self._todo: dict[Split, EvalPlan] = {}
        for split, n_items in ITEMS.items():
            tasks = tuple(replace(t, limit=n_items[t.name]) for t in suite.tasks if t.name in n_items)
            self._todo[split] = plan(replace(suite, tasks=tasks), split=split)
        self._known: dict[tuple[str, Split], Measured] = {}
        plain = next(runs(0, None))
        models = plain.models(lab)
        first = make_plan(recipe_of(models, plain.rule, {}, dtype=None, seed=self.seed), allow_unrelated=True)
        self._names = [t.spec.name for t in first.tensors]
        self._live = load_live(first, chat_template=suite.chat_template, batch_size=64, device="cpu")
        expert, aligned = (
            self._measured(self._at(plain, {"domain_weight": d, "alignment_weight": 1 - d}), "dev").measures
            for d in (1.0, 0.0)
        )
        self.bounds = Policy().bounds(expert, aligned)

    def _space(self, run: Run) -> Space:
        return Space(make_groups(run.granularity, self._names), run.ranges)

    def _at(self, run: Run, point: Point) -> MergePlan:
        settings = self._space(run).settings(point) if run.ranges else {}
        recipe = recipe_of(run.models(self.lab), run.rule, run.parameters(settings), dtype=None, seed=self.seed)
        return make_plan(recipe, allow_unrelated=True)

    def _measured(self, wanted: MergePlan, split: Split) -> Measured:
        return self._of_digest(self._merge(wanted), split)

    def _merge(self, wanted: MergePlan) -> str:
        digest = self._live.remerge(wanted, threads=self.threads)
        assert digest is not None
        return digest

    def _of_digest(self, digest: str, split: Split) -> Measured:
        """Of the weights that are in memory."""
        if (digest, split) not in self._known:
            start = time.monotonic()
            measures = measure(score(self._live.lm, self._todo[split], seed=0))
            self._known[digest, split] = Measured(measures, time.monotonic() - start)
        return self._known[digest, split]

    def carry_out(self, run: Run) -> dict[str, Any]:
        """One line of the result."""
        start = time.monotonic()
        trials = self._search(run)
        fair = [b for b in self.bounds if b.measure != "knowledge"]
        areas, on_test = {}, {}
        for n in _checkpoints(run.n_trials):
            chosen = _front(trials[:n], fair)
            for t in chosen:
                assert t.weights_digest is not None
                if t.weights_digest not in on_test:
                    known = self._known.get((t.weights_digest, "test")) or self._measured(
                        self._at(run, t.point), "test"
                    )
                    on_test[t.weights_digest] = known.measures
            found = [on_test[str(t.weights_digest)] for t in chosen]
            areas[str(n)] = _share([Outcome(m.knowledge.value, m.safety.value) for m in found])
        return {
            "seed": self.seed,
            "name": run.name,
            "n_trials": run.n_trials,
            "hypervolume": areas,
            "propose_s": sum(t.propose_s for t in trials),
            "merge_s": sum(t.merge_s for t in trials),
            "evaluate_s": sum(t.evaluate_s for t in trials),
            "wall_s": time.monotonic() - start,
            "trials": [_numbers(t, on_test.get(t.weights_digest or "")) for t in trials],
        }

    def _search(self, run: Run) -> tuple[Trial, ...]:
        if not run.ranges:
            return (self._trial(run, {}, Trial(number=0, point={}, origin="corner", state="failed")),)
        space = self._space(run)
        corners = () if run.cold else tuple(space.corners())
        what = Search(space.dimensions, corners, self.bounds, run.n_trials, self.seed)
        with (
            tempfile.TemporaryDirectory() as scratch,
            open_journal(Path(scratch) / "journal", {}, space.dimensions, self.bounds) as journal,
        ):
            return search(journal, what, run.sampler, Limits(run.n_trials), partial(self._trial, run)).trials

    def _trial(self, run: Run, point: Point, begun: Trial) -> Trial:
        start = time.monotonic()
        digest = self._merge(self._at(run, point))
        merge_s = time.monotonic() - start
        found = self._of_digest(digest, "dev")
        update = {"state": "complete", "weights_digest": digest, "measures": found.measures}
        return begun.model_copy(update={**update, "merge_s": merge_s, "evaluate_s": found.elapsed_s})


def _checkpoints(n_trials: int) -> list[int]:
    return sorted({n for n in (4, 8, 12, 16, 24, 32, 48) if n < n_trials} | {n_trials})


def _front(trials: Sequence[Trial], bounds: Sequence[Bound]) -> list[Trial]:
    fair = [(t, t.measures) for t in trials if t.measures and all(satisfies(b, t.measures) for b in bounds)]
    return [fair[n][0] for n in front([Outcome(m.knowledge.value, m.safety.value) for _, m in fair])]


def _share(outcomes: Sequence[Outcome]) -> float:
    return hypervolume(outcomes, REFERENCE) / hypervolume([Outcome(1.0, 1.0)], REFERENCE)


def _numbers(trial: Trial, on_test: Measures | None) -> dict[str, Any]:
    def brief(measures: Measures | None) -> dict[str, float] | None:
        scores = {} if measures is None else {n: getattr(measures, n) for n in type(measures).model_fields}
        return {n: s.value for n, s in scores.items() if s is not None} or None

    return {"point": trial.point, "origin": trial.origin, "dev": brief(trial.measures), "test": brief(on_test)}


def go_on(options: argparse.Namespace) -> None:
    done = {(r["seed"], r["name"], r["n_trials"]) for r in read_lines(options.out)}
    for seed in (int(s) for s in options.seeds.split(",")):
        left = [r for r in runs(options.trials, options.full_grid) if (seed, r.name, r.n_trials) not in done]
        if not left:
            continue
        folder = options.folder / f"hard-{seed}"
        start = time.monotonic()
        threads = None if folder.exists() else options.threads
        lab = build_lab(folder, seed=seed, size="hard", threads=threads)
        bench = Bench(lab, options.threads)
        print(f"seed {seed}: lab and model in memory after {time.monotonic() - start:.0f} s", flush=True)
        for run in left:
            line = bench.carry_out(run)
            with options.out.open("a") as file:
                file.write(json.dumps(line) + "\n")
            shown = " ".join(f"{n}: {100 * a:.1f}" for n, a in line["hypervolume"].items())
            print(f"seed {seed}: {run.name:<31} {shown}   {line['wall_s']:.0f} s", flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seeds", default="0,1,2,3,4", help="Labs, comma-separated.")
    parser.add_argument("--folder", type=Path, default=Path("labs"), help="Where labs are, or are built.")
    parser.add_argument("--out", type=Path, default=Path("search_efficiency.jsonl"))
    parser.add_argument("--trials", type=int, default=24, help="Of each search.")
    parser.add_argument("--full-grid", type=int, metavar="LEVELS", help="Also all LEVELS × LEVELS points of a grid.")
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--summary", type=Path, nargs="+", metavar="RUNS", help="Show results instead.")
    options = parser.parse_args()
    if options.summary:
        summarize(options.summary)
        return
    use_threads(options.threads)
    go_on(options)


if __name__ == "__main__":
    main()
