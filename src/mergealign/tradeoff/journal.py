"""The journal of a search: an optuna study in one file, which optuna-dashboard can read while the search runs.

A trial is in the journal from the moment it is proposed. Its result is written before it is declared finished, so that
whatever moment a process is killed at, the next one knows: finished (also where only the declaration is missing), or
begun and to be done again. A line that was cut in the middle is removed before the file is opened.
"""

from __future__ import annotations

import contextlib
import json
import os
import warnings
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from ..errors import MissingExtraError, OutputError
from ..record.study import Bound, Dimension, Objective, Trial
from .choice import excess

if TYPE_CHECKING:
    import optuna

__all__ = ["Journal", "open_journal"]

_STUDY = "mergealign"
_FINGERPRINT = "fingerprint"
_RESULT = "result"
_ORIGIN = "origin"
_METRICS: dict[Objective, dict[str, Literal["minimize", "maximize"]]] = {
    "generation": {"knowledge": "maximize", "safety": "maximize"},
    "loss": {"loss": "minimize"},
}


class Journal:
    """A study and the space it is about. Made by `open_journal`."""

    def __init__(
        self,
        study: optuna.Study,
        dimensions: Sequence[Dimension],
        bounds: Sequence[Bound],
        file: Path,
        objective: Objective,
    ) -> None:
        self._study = study
        self._file = file
        self._objective = objective
        self._dimensions = tuple(dimensions)
        self._constraints = tuple(b for b in bounds if b.measure != "knowledge")
        self._finish_what_was_scored()

    def _finish_what_was_scored(self) -> None:
        """Declare finished what was killed between result and declaration; fail what was killed before."""
        from optuna.trial import TrialState

        for trial in self._study.get_trials(deepcopy=False, states=(TrialState.RUNNING,)):
            if _RESULT in trial.user_attrs:
                self._declare(trial.number, _result(trial))
            else:
                self._study.tell(trial.number, state=TrialState.FAIL)
                if trial.params.keys() == {d.name for d in self._dimensions}:
                    self._study.enqueue_trial(dict(trial.params), user_attrs={_ORIGIN: trial.user_attrs.get(_ORIGIN)})

    @property
    def trials(self) -> list[Trial]:
        """The finished trials, in order."""
        from optuna.trial import TrialState

        states = (TrialState.COMPLETE, TrialState.FAIL)
        found = self._study.get_trials(deepcopy=False, states=states)
        return [_result(t) for t in found if _RESULT in t.user_attrs]

    @property
    def _waits(self) -> bool:
        from optuna.trial import TrialState

        return bool(self._study.get_trials(deepcopy=False, states=(TrialState.WAITING,)))

    def begin(self, point: Mapping[str, float] | None, origin: str, *, sampler_seed: int) -> Trial:
        """Begin a trial: one that was interrupted, else at `point`, else where Gaussian processes propose.

        Raises OutputError.
        """
        try:
            return self._begin(point, origin, sampler_seed)
        except OSError as e:
            raise _cannot_write(self._file, e) from e

    def _begin(self, point: Mapping[str, float] | None, origin: str, sampler_seed: int) -> Trial:
        if not self._waits and point is not None:
            self._study.enqueue_trial(dict(point), user_attrs={_ORIGIN: origin})
        self._study.sampler = _gp_sampler(sampler_seed)
        trial = self._study.ask()
        with _one_thread() if point is None else contextlib.nullcontext():
            values = {d.name: trial.suggest_float(d.name, d.low, d.high) for d in self._dimensions}
        if _ORIGIN not in trial.user_attrs:
            trial.set_user_attr(_ORIGIN, origin)
        return Trial(number=trial.number, point=values, origin=trial.user_attrs[_ORIGIN] or origin, state="failed")

    def finish(self, trial: Trial) -> None:
        """Keep the result of a trial that was begun. Raises OutputError."""
        try:
            self._storage.set_trial_user_attr(self._id(trial.number), _RESULT, json.loads(trial.model_dump_json()))
            self._declare(trial.number, trial)
        except OSError as e:
            raise _cannot_write(self._file, e) from e

    def _declare(self, number: int, trial: Trial) -> None:
        from optuna.trial import Trial as Open
        from optuna.trial import TrialState

        if self._objective == "loss" and trial.loss is not None:
            self._study.tell(number, trial.loss.total)
            return
        if trial.measures is None:
            self._study.tell(number, state=TrialState.FAIL)
            return
        found = self._known(number)
        for bound in self._constraints:
            if bound.measure not in found.constraints:
                Open(self._study, self._id(number)).set_constraint(bound.measure, excess(bound, trial.measures))
        self._study.tell(number, [trial.measures.knowledge.value, trial.measures.safety.value])

    @property
    def _storage(self) -> Any:
        return self._study._storage

    def _id(self, number: int) -> int:
        return int(self._known(number)._trial_id)

    def _known(self, number: int) -> optuna.trial.FrozenTrial:
        return self._study.get_trials(deepcopy=False)[number]


@contextlib.contextmanager
def open_journal(
    file: Path,
    fingerprint: Mapping[str, Any],
    dimensions: Sequence[Dimension],
    bounds: Sequence[Bound],
    objective: Objective = "generation",
) -> Iterator[Journal]:
    """Open or begin the journal in `file`; the caller sees to it that no other process does.

    Args:
        fingerprint: all that decides what a trial means (plain values).
        dimensions: the space.
        bounds: constraints of a search by generation; knowledge is an objective.
        objective: knowledge and safety, or the one loss.
    Raises:
        OutputError: the journal is of another search, is damaged, or cannot be written.
    """
    try:
        import optuna
        from optuna.storages import JournalStorage
        from optuna.storages.journal import JournalFileBackend
    except ImportError as e:
        raise MissingExtraError("align", "align") from e
    _cut_unfinished_line(file)
    level = optuna.logging.get_verbosity()
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    try:
        try:
            study = optuna.create_study(
                storage=JournalStorage(JournalFileBackend(str(file), lock_obj=_Held())),  # type: ignore[arg-type]
                study_name=_STUDY,
                directions=list(_METRICS[objective].values()),
                load_if_exists=True,
            )
            _require_same(study, file, json.loads(json.dumps(fingerprint)), list(_METRICS[objective]))
            journal = Journal(study, dimensions, bounds, file, objective)
        except (ValueError, KeyError) as e:
            raise OutputError(f"the journal {file} is damaged: {e}", cure="remove it, or choose another --out") from e
        except OSError as e:
            raise _cannot_write(file, e) from e
        yield journal
    finally:
        optuna.logging.set_verbosity(level)


def _require_same(study: optuna.Study, file: Path, wanted: dict[str, Any], metrics: list[str]) -> None:
    """Mark a new study with its fingerprint; refuse one that has another."""
    import optuna

    known = study.user_attrs.get(_FINGERPRINT)
    if known is None and not study.get_trials(deepcopy=False):
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", optuna.exceptions.ExperimentalWarning)
            study.set_metric_names(metrics)  # for dashboards
        study.set_user_attr(_FINGERPRINT, wanted)
    elif known != wanted:
        raise _another_search(file, known or {}, wanted)


def _cannot_write(file: Path, e: OSError) -> OutputError:
    return OutputError(f"cannot write {file}: {e.strerror}", cure="free space, then go on with --resume")


class _Held:
    """optuna's lock of the journal. `tradeoff.place` has locked the folder: a second lock could only be left behind."""

    def acquire(self) -> bool:
        return True

    def release(self) -> None:
        pass


def _cut_unfinished_line(file: Path) -> None:
    """Remove what stands behind the last line break. Appending to it would damage the journal for good."""
    if not file.exists():
        return
    try:
        content = file.read_bytes()
        if not content.endswith(b"\n"):
            os.truncate(file, content.rfind(b"\n") + 1)
    except OSError as e:
        raise OutputError(f"cannot open {file}: {e.strerror}", cure="check its permissions") from e


def _another_search(file: Path, known: Mapping[str, Any], wanted: Mapping[str, Any]) -> OutputError:
    differing = sorted(k for k in known.keys() | wanted.keys() if known.get(k) != wanted.get(k))
    what = f"another search: {', '.join(differing)} differ"
    if "objective" in differing and "objective" in known:
        what = f"a search by {known['objective']}"
    return OutputError(
        f"{file} is the journal of {what}",
        cure="give the options of that search with --resume, or choose another --out, or add --overwrite",
    )


def _result(trial: Any) -> Trial:
    return Trial.model_validate({**trial.user_attrs[_RESULT], "number": trial.number})


@contextlib.contextmanager
def _one_thread() -> Iterator[None]:
    """For Gaussian processes of a few trials: more threads only wait for each other, and may round differently."""
    import torch

    n = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(n)


def _gp_sampler(seed: int) -> Any:
    """Made anew for each trial: its proposals then depend on seed and finished trials alone."""
    import optuna

    return optuna.samplers.GPSampler(seed=seed, n_startup_trials=0, warn_independent_sampling=False)
