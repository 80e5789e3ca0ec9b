"""The studies of a home, or of a database: what there is, how far it got, how to go on."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from datetime import UTC
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pydantic import ValidationError

from competition.errors import did_you_mean
from experiments.definition.loading import load_experiment, shipped_experiments
from experiments.definition.sections import Experiment
from experiments.errors import ExperimentError
from experiments.study.identity import experiment_digest
from experiments.study.terms import EXPERIMENT
from pipelines.search import StudyPlace
from pipelines.search.objectives import SCORE, best_trial
from pipelines.search.storage import close_study, storage_url, study_names
from pipelines.search.study import DROPPED, REASON, counted_trials, join_study

if TYPE_CHECKING:
    from optuna import Study
    from optuna.trial import FrozenTrial

FOLDER, SUFFIX = "studies", ".journal"
STATES = ("COMPLETE", "PRUNED", "FAIL", "RUNNING", "WAITING")


class UnknownStudy(ExperimentError, LookupError):
    """No study, or more than one, has a name that begins so."""


@dataclass(frozen=True)
class StudyOverview:
    """What a line of a table says of a study.

    Attributes
    ----------
    name, experiment, contest : str
        Those unknown are empty: a study that was not begun by `ripe run`.
    objectives : tuple of str
    states : mapping of str to int
        Trials by state, in Optuna's names; only states that occur.
    wanted : int or None
        Trials that the experiment file asks for.
    best : float or None
        Best score so far.
    best_trial : int or None
    last : str
        When a trial last began or ended (UTC); empty without trials.
    """

    name: str
    experiment: str
    contest: str
    objectives: tuple[str, ...]
    states: Mapping[str, int]
    wanted: int | None
    best: float | None
    best_trial: int | None
    last: str

    def as_dict(self) -> dict[str, Any]:
        """Return the overview for JSON."""
        return asdict(self)


@dataclass(frozen=True)
class StudyDetails:
    """What there is to know of one study.

    Attributes
    ----------
    overview : StudyOverview
    parameters : mapping
        What varied in the best trial.
    importances : mapping of str to float
        The most important parameter first; empty with few trials.
    failures : mapping of int to str
        Failed trials with their reasons.
    to_continue : tuple of tuple of str
        The commands that go on with the study, one after the other, each as the words behind
        ``ripe``; empty where its experiment file is not known.
    """

    overview: StudyOverview
    parameters: Mapping[str, Any]
    importances: Mapping[str, float]
    failures: Mapping[int, str]
    to_continue: tuple[tuple[str, ...], ...]

    def as_dict(self) -> dict[str, Any]:
        """Return the details for JSON."""
        told = {name: value for name, value in vars(self).items() if name != "overview"}
        return {**self.overview.as_dict(), **told}


def list_studies(home: Path, storage: str | None = None) -> list[StudyOverview]:
    """Return the studies of a home, or of the database at `storage`; the last active first."""
    found = []
    for place in study_places(home, storage):
        with opened(place) as study:
            found.append(overview(study))
    return sorted(found, key=lambda one: one.last, reverse=True)


def study_places(home: Path, storage: str | None = None) -> list[StudyPlace]:
    """Return where the studies lie.

    Parameters
    ----------
    home : pathlib.Path
    storage : str, optional
        Optuna database that is looked at in place of the home's journals.
    """
    folder = home / FOLDER
    if storage is None:
        return [StudyPlace(path, path.stem) for path in sorted(folder.glob(f"*{SUFFIX}"))]
    url = storage_url(storage)
    names = sorted(study_names(url))
    return [StudyPlace(folder / f"{name}{SUFFIX}", name, url) for name in names]


def find_place(home: Path, name: str, storage: str | None = None) -> StudyPlace:
    """Return where a study lies.

    Parameters
    ----------
    home : pathlib.Path
    name : str
        The study's name, the first letters of one, or an experiment's name: of its studies the
        one active last.
    storage : str, optional
        Optuna database that is looked at in place of the home's journals.

    Raises
    ------
    UnknownStudy
        When no single study is meant.
    """
    places = {place.name: place for place in study_places(home, storage)}
    if name in places:
        return places[name]
    found = [one for one in places if one.startswith(name)]
    of_experiment = [one for one in found if one.rpartition("-")[0] == name]
    if len(of_experiment) > 1:
        return max((places[one] for one in of_experiment), key=_last_active)
    found = of_experiment or found
    if len(found) > 1:
        raise UnknownStudy(f"several studies begin with {name!r}: {', '.join(sorted(found))}")
    if not found:
        where = "this storage" if storage else str(home / FOLDER)
        hint = did_you_mean(name, places) or "; 'ripe study list' names them"
        raise UnknownStudy(f"no study in {where} has a name that begins with {name!r}{hint}")
    return places[found[0]]


def _last_active(place: StudyPlace) -> str:
    with opened(place) as study:
        return _last(study.get_trials(deepcopy=False))


@contextmanager
def opened(place: StudyPlace) -> Iterator[Study]:
    """Open a study to look at it."""
    study = join_study(place)
    try:
        yield study
    finally:
        close_study(study)


def overview(study: Study) -> StudyOverview:
    """Return what a line of a table says of a study."""
    experiment = _as_written(study)
    trials = study.get_trials(deepcopy=False)
    counts = Counter(trial.state.name for trial in trials)
    best = best_trial(study)
    return StudyOverview(
        name=study.study_name,
        experiment=str(experiment.get("name", "")),
        contest=str(experiment.get("contest") or ""),
        objectives=tuple(study.metric_names or [SCORE]),
        states={state: counts[state] for state in STATES if counts[state]},
        wanted=experiment.get("search", {}).get("trials"),
        best=None if best is None else float(best.values[0]),
        best_trial=None if best is None else best.number,
        last=_last(trials),
    )


def _as_written(study: Study) -> Mapping[str, Any]:
    """Return the experiment that is kept with a study; of an old one only its name."""
    kept: Mapping[str, Any] = study.user_attrs.get(EXPERIMENT, {})
    return kept or {"name": study.study_name.rpartition("-")[0]}


def _last(trials: list[FrozenTrial]) -> str:
    """Return the last moment that a trial began or ended; Optuna keeps this machine's time."""
    moments = [
        moment
        for trial in trials
        for moment in (trial.datetime_start, trial.datetime_complete)
        if moment is not None
    ]
    return f"{max(moments).astimezone(UTC):%Y-%m-%d %H:%M:%S}" if moments else ""


def study_details(study: Study) -> StudyDetails:
    """Return what there is to know of a study."""
    from pipelines.search.plotting import importances

    best = best_trial(study)
    return StudyDetails(
        overview=overview(study),
        parameters={} if best is None else dict(best.params),
        importances=importances(study),
        failures=failures(study),
        to_continue=to_continue(study),
    )


def failures(study: Study) -> dict[int, str]:
    """Return the failed trials with their reasons."""
    from optuna.trial import TrialState

    failed = study.get_trials(deepcopy=False, states=(TrialState.FAIL,))
    return {trial.number: _why_failed(trial) for trial in failed}


def _why_failed(trial: FrozenTrial) -> str:
    return str(trial.user_attrs.get(REASON) or trial.user_attrs.get(DROPPED, "died"))


def kept_experiment(study: Study) -> Experiment | None:
    """Return the experiment that a study was begun with; None where none is kept."""
    try:
        return Experiment.model_validate(study.user_attrs[EXPERIMENT])
    except (KeyError, ValidationError):
        return None


def to_continue(study: Study) -> tuple[tuple[str, ...], ...]:
    """Return the commands that go on with a study; none where its experiment is not kept.

    A file that they write has the study's own name, which no file of a user's has.
    """
    experiment = kept_experiment(study)
    if experiment is None:
        return ()
    trials = ("--trials", str(_next_budget(study, experiment)))
    if _is_shipped(experiment):
        return (("run", experiment.name, *trials),)
    file = f"{study.study_name}.toml"
    return (
        ("study", "show", study.study_name, "--toml", "-o", file),
        ("run", file, *trials),
    )


def _next_budget(study: Study, experiment: Experiment) -> int:
    """Return the budget wished for or, once it is spent, twice what was counted against it."""
    spent = len(counted_trials(study))
    wanted = experiment.search.trials
    return wanted if spent < wanted else 2 * spent


def _is_shipped(experiment: Experiment) -> bool:
    if experiment.name not in shipped_experiments():
        return False
    return experiment_digest(load_experiment(experiment.name)) == experiment_digest(experiment)
