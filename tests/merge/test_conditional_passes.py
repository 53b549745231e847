"""Rules whose passes depend on what earlier ones found, on many threads: the same bits as one range after the other."""

from __future__ import annotations

import threading
from typing import Any

import numpy as np
import pytest

from mergealign.merge.schedule import Job, Schedule
from mergealign.methods import Inputs, Rule, reduce_span, resolve_method
from mergealign.testing import merge_arrays

from .test_schedule import MIB, planned


def merge_with_threads(rule: Rule, sources: list[Any], n_threads: int) -> tuple[Any, Job]:
    """As the engine does it, but for reading and writing."""
    job = Job(planned(sources[0].shape, rule), MIB)
    schedule = Schedule([job])
    flat = [s.reshape(-1) for s in sources]
    out = np.empty_like(flat[0])

    def work() -> None:
        while (unit := schedule.take()) is not None:
            part = slice(unit.span.start, unit.span.stop)
            blocks = [s[part] for s in flat]
            if job.reduction is None:
                rule.apply(blocks, out[part], unit.span, job.known)
            else:
                with job.total() as total:
                    reduce_span(rule, job.reduction, blocks, unit.span, job.known, total)
            schedule.done(unit)

    threads = [threading.Thread(target=work) for _ in range(n_threads)]
    for t in threads:
        t.start()
    for t in threads:
        t.join()
    return out.reshape(sources[0].shape), job


@pytest.mark.parametrize("n_threads", [1, 2, 5])
@pytest.mark.parametrize(
    ("method", "parameters"),
    [
        ("ties", {"weight": 1.0, "density": 0.4}),
        ("ties", {"weight": 1.0, "density": 0.4, "rescale": True}),
        ("breadcrumbs", {"weight": 1.0, "density": 0.4, "gamma": 0.1}),
        ("dare_ties", {"weight": 1.0, "density": 0.4}),
        ("della", {"weight": 1.0, "density": 0.4}),
        ("sce", {"select_topk": 0.4}),
    ],
)
def test_threads_do_not_matter(method: str, parameters: dict[str, Any], n_threads: int) -> None:
    rng = np.random.default_rng(0)
    base = np.zeros((1500, 1001), np.float32)
    tuned = [rng.integers(-50, 51, base.shape).astype(np.float32) / 64 for _ in range(2)]
    rule, _ = resolve_method(method, parameters, Inputs(2, True))
    merged, job = merge_with_threads(rule, [base, *tuned], n_threads)
    assert len(job.known) < rule.most_passes
    np.testing.assert_array_equal(merged, merge_arrays(rule, [base, *tuned]))


@pytest.mark.parametrize(
    ("levels", "density", "n_passes"),
    [
        (4, 0.999, 1),  # all but zeros stay: nothing to look for
        (4, 0.3, 2),  # bfloat16 differences: the threshold at the first look, then how many of it stay where
        (None, 0.3, 2),  # all different: a second look, no equals
    ],
)
def test_passes_are_made_only_where_needed(levels: int | None, density: float, n_passes: int) -> None:
    rng = np.random.default_rng(0)
    base = np.zeros((600, 500), np.float32)
    if levels is None:
        tuned = np.float32(1) + rng.permutation(base.size).astype(np.float32).reshape(base.shape) / 2**20
    else:
        tuned = rng.integers(-levels, levels + 1, base.shape).astype(np.float32)
    rule, _ = resolve_method("ties", {"weight": 1.0, "density": density}, Inputs(1, True))
    merged, job = merge_with_threads(rule, [base, tuned], 2)
    assert len(job.known) == n_passes < rule.most_passes
    assert np.count_nonzero(merged) == min(int(density * base.size), np.count_nonzero(tuned))


def test_the_most_passes_are_made_where_the_threshold_is_crowded() -> None:
    base = np.zeros((600, 500), np.float32)
    tuned = np.full_like(base, 1 + 2**-20)  # in a bin of many magnitudes, and all of them equal
    tuned[0] = 1 + 2**-21
    rule, _ = resolve_method("ties", {"weight": 1.0, "density": 0.5, "rescale": True}, Inputs(1, True))
    _, job = merge_with_threads(rule, [base, tuned], 1)
    assert len(job.known) + 1 == rule.most_passes == 5


@pytest.mark.parametrize(
    ("method", "parameters", "most"),
    [
        ("ties", {"weight": 1.0}, 1),
        ("ties", {"weight": 1.0, "density": 0.4}, 4),
        ("dare_ties", {"weight": 1.0, "density": 0.4}, 2),
        ("dare_linear", {"weight": 1.0, "density": 0.4, "rescale": False}, 1),
        ("sce", {"select_topk": 0.4}, 5),
        ("sce", {}, 2),
        ("slerp", {"t": 0.4}, 2),
        ("task_arithmetic", {"weight": 1.0}, 1),
    ],
)
def test_the_most_passes_of_a_rule(method: str, parameters: dict[str, Any], most: int) -> None:
    rule, _ = resolve_method(method, parameters, Inputs(2, method != "slerp"))
    assert rule.most_passes == most
