"""One lab, one results file: scores a model by mergealign's own evaluation and keeps its row."""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from .results import Cost, Reference, Results, Row

if TYPE_CHECKING:
    from mergealign.lab.folder import LabFolder
    from mergealign.recipe.suite import Split
    from mergealign.record.evaluation import ModelScores
    from mergealign.record.study import Choice, Measures

__all__ = ["Bench", "given_rows", "say"]

T = TypeVar("T")


@dataclass(frozen=True)
class Bench:
    """What all rows share."""

    options: argparse.Namespace
    lab: LabFolder
    results: Results

    def model(self, name: str) -> Path:
        return Path(self.options.out) / "models" / name

    def has_row(self, name: str) -> bool:
        return self.results.find(Row, lambda r: r.name == name) is not None

    def reference(self, name: str) -> Measures:
        """The measures of expert or aligned model on development items."""
        found = self.results.find(Reference, lambda r: r.name == name)
        assert found is not None, name
        return found.measures

    def scores(self, folder: Path, split: Split, name: str) -> tuple[ModelScores, Cost]:
        """One model on one split, by mergealign's own evaluation. Records of test items are kept."""
        from mergealign.evaluate.run import evaluate
        from mergealign.recipe.suite import read_suite
        from mergealign.record.evaluation import write_eval_record

        suite = read_suite(self.lab.suite)
        record, cost = timed(lambda: evaluate({name: folder}, suite, split=split, limit=self.options.limit))
        if split == "test":
            write_eval_record(record, Path(self.options.out) / "scores" / f"{name}.json", overwrite=True)
        return record.models[0], cost

    def row(
        self,
        name: str,
        folder: Path,
        how: str,
        making: Cost | None,
        choosing: Cost | None = None,
        choice: Choice | None = None,
    ) -> None:
        """Score a model on test items and keep the row."""
        from mergealign.tradeoff.measures import measure

        found, _ = self.scores(folder, "test", name)
        self.results.add(
            Row(
                name=name,
                how=how,
                making=making,
                choosing=choosing,
                choice=choice,
                weights_digest=found.weights_digest,
                measures=measure(found.tasks),
                rates={t.name: t.rates for t in found.tasks},
            )
        )
        say(f"{name}: {how}, scored on test items")


def timed(work: Callable[[], T]) -> tuple[T, Cost]:
    """A result, and what it cost this process."""
    wall, cpu = time.perf_counter(), time.process_time()
    found = work()
    return found, Cost(wall_s=time.perf_counter() - wall, cpu_s=time.process_time() - cpu)


def given_rows(bench: Bench) -> None:
    """Expert and aligned model, on development items and on test items."""
    from mergealign.tradeoff.measures import measure

    known = {line.name for line in bench.results.lines if isinstance(line, Reference)}
    elapsed = bench.lab.record.elapsed_s
    for name, folder, stage in (("expert", bench.lab.domain, "domain"), ("aligned", bench.lab.aligned, "aligned")):
        if name not in known:
            found, _ = bench.scores(folder, "dev", name)
            bench.results.add(Reference(name=name, measures=measure(found.tasks)))
        if not bench.has_row(name):
            making = Cost(wall_s=elapsed[stage], cpu_s=None)
            bench.row(name, folder, "from the base, by the lab", making)


def say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)
