"""`mergealign demo`: lab → align → verdict, in front of the user."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ._study import SearchLines, say, show_study

if TYPE_CHECKING:
    from ..record.study import StudyRecord
    from ..tradeoff.place import Place
    from ..tradeoff.prepare import Prepared, Wish

__all__ = ["demo"]

LAB = "lab"
TRIALS, PATIENCE = 16, 8
SEARCH_ITEMS = 96
"""Development items of each task. The choice is confirmed on all test items."""
AVERAGE = "linear"
"""The method whose plain values give the average of expert and aligned model, for contrast."""


def demo(
    out: Annotated[Path, typer.Option(help="Folder for the lab, the merged model and all records.")] = Path("demo"),
    seed: Annotated[int, typer.Option(min=0, help="Of the lab's world, weights and training, and of the search.")] = 0,
    json: Annotated[bool, typer.Option("--json", help="Print the record of the search instead of a table.")] = False,
) -> None:
    """Train a tiny family, search the merge that keeps what both know, and confirm it: a few minutes on two cores.

    A domain expert that has lost its refusals, an aligned sibling that lacks the domain, and the merge of the two,
    with their plain average (linear) for contrast. The same command again goes on where it was stopped, and reuses
    what is finished.

    Exit code 3: no merge that was tried is what was asked for.
    """
    from ..lab.build import build_lab
    from ..models.threads import use_threads
    from ..tradeoff.place import Place, check_place
    from ..tradeoff.prepare import prepare
    from .align import NO_CHOICE
    from .lab import lab_progress

    place = Place(out, beside=(LAB, f".{LAB}.mergealign-partial"))
    check_place(place, (), resume=_begun(place), overwrite=False)
    use_threads()
    say(f"1/2 training base, domain expert and aligned model (seed {seed}) → {out / LAB}")
    with lab_progress() as progress:
        lab = build_lab(out / LAB, seed=seed, progress=progress)
    say("    reused" if lab.reused else "    done")
    say(f"2/2 searching the merge, with {SEARCH_ITEMS} development items of each task → {out}")
    models = {"base": str(lab.base), "domain": str(lab.domain), "aligned": str(lab.aligned)}
    prepared = prepare(_wish(models, lab.suite, seed))
    record = _finished(prepared, place)
    if record is not None:
        say("    reused")
    else:
        record = _search(prepared, place)
    if json:
        typer.echo(record.model_dump_json(indent=1))
    else:
        show_study(record, out)
    if record.choice.winner is None:
        raise typer.Exit(NO_CHOICE)


def _begun(place: Place) -> bool:
    """Whether an earlier demo searched there; it may have been stopped before the journal was there."""
    if place.journal.is_file():
        return True
    visible = {f.name for f in place.folder.iterdir() if not f.name.startswith(".")} if place.folder.is_dir() else set()
    return place.cache.is_file() and visible <= {*place.beside, place.development.name}


def _wish(models: dict[str, str], suite: Path, seed: int) -> Wish:
    from ..recipe.suite import read_suite
    from ..tradeoff.prepare import Wish
    from ..tradeoff.rules import compared, searched
    from ..tradeoff.search import Limits

    return Wish(
        models=models,
        suite=read_suite(suite),
        rule=searched("mergealign", [], []),
        compare=tuple(compared(AVERAGE)),
        limits=Limits(TRIALS, PATIENCE),
        search_limit=SEARCH_ITEMS,
        seed=seed,
    )


def _finished(prepared: Prepared, place: Place) -> StudyRecord | None:
    """The record of an earlier run, if it is about these models, questions and settings, and all it wrote is there."""
    from ..errors import MergeAlignError
    from ..evaluate.run import find_scores
    from ..merge.run import find_merge
    from ..record.evaluation import read_eval_record
    from ..record.study import read_study_record

    wish = prepared.wish
    try:
        record = read_study_record(place.study)
        scored = {m.name: m.weights_digest for m in read_eval_record(place.scores).models}
    except MergeAlignError:
        return None
    limit = wish.limit_of("dev")
    known = find_scores(place.development, prepared.folders, prepared.suite, split="dev", limit=limit, seed=wish.seed)
    winner = next((t for t in record.trials if t.number == record.choice.winner), None)
    if known is None or winner is None or record.confirmation is None:
        return None
    merged = find_merge(place.merged, prepared.recipe(winner.point))
    whole = merged is not None and merged.output.weights_digest == winner.weights_digest == scored.get("merged")
    searched = (record.settings.n_trials, record.settings.patience, record.settings.seed, record.suite_digest)
    asked = (wish.limits.n_trials, wish.limits.patience, wish.seed, wish.suite.digest)
    return record if whole and searched == asked else None


def _search(prepared: Prepared, place: Place) -> StudyRecord:
    from ..errors import OutputError, Problem
    from ..evaluate.progress import terminal_progress
    from ..tradeoff.align import align
    from ._signals import Stopped

    try:
        with terminal_progress() as bars:
            return align(prepared, place, resume=_begun(place), progress=bars, told=SearchLines(TRIALS))
    except (Stopped, KeyboardInterrupt):
        say(f"what was done so far is kept in {place.folder}: the same command goes on")
        raise
    except OutputError as e:  # its cures name options of align
        cure = "mend that and give the same command again, or choose another --out"
        raise OutputError(*(Problem(p.what, cure) for p in e.problems)) from e
