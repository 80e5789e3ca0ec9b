"""Running an experiment: data, folds, search, the chosen model, its predictions."""

from __future__ import annotations

import math
import os
import shutil
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from threadpoolctl import threadpool_limits

from experiments.data import ContestData, find_data, read_data
from experiments.definition import Experiment
from experiments.errors import ExperimentError
from experiments.finishing import (
    MODEL_FOLDER,
    Finished,
    KeptTrial,
    finish,
    keep_answers,
    kept_answers,
)
from experiments.identity import study_folder, study_place
from experiments.recording import record_files, record_models, record_trial, start_study_log
from experiments.result import OnProgress, Progress, StudyResult
from pipelines.features import parse_recipe
from pipelines.features.steps import Setting
from pipelines.folds import FoldPlan, make_folds
from pipelines.models import NETWORK_PARAMETERS, Candidate, PreparedFolds, prepare_folds
from pipelines.models.scoring import Scorer
from pipelines.search import Budget, SearchSpace, StudyPlace, open_study, parse_space, suggest
from pipelines.search.pruning import Rungs, make_pruner, trials_without_gain
from pipelines.search.space import as_trial_parameters
from pipelines.search.study import (
    REASON,
    ask_batch,
    counted_trials,
    drop_own_trials,
    make_sampler,
)
from pipelines.search.trials import TrialOutcome, out_of_fold, try_candidates
from pipelines.tracking import RunLog, TrackingPlace, TrackingSession, recover_sessions

if TYPE_CHECKING:
    from optuna import Study, Trial

KEPT_FOLDER = "trials"
THREADS = 1  # networks of table size gain nothing from more


@dataclass
class Workshop:
    """Everything that the trials of a study share."""

    experiment: Experiment
    data: ContestData
    prepared: PreparedFolds
    scorer: Scorer
    place: StudyPlace
    space: SearchSpace
    study: Study
    session: TrackingSession
    on_progress: OnProgress
    should_stop: Callable[[], bool]
    history: list[float]

    @property
    def budget(self) -> Budget:
        """How long to search."""
        return Budget(self.experiment.search.trials, self.experiment.search.seconds)

    def stop_if_wished(self) -> None:
        """End the study here when the caller wants it to.

        Raises
        ------
        KeyboardInterrupt
        """
        if self.should_stop():
            raise KeyboardInterrupt

    def tell_progress(self, stage: str) -> None:
        """Tell the caller where the study stands."""
        best = self.history[-1] if self.history else None
        done = len(counted_trials(self.study))
        total = max(done, self.budget.trials)
        self.on_progress(Progress(stage, done, total, best, tuple(self.history)))


def run_experiment(
    experiment: Experiment,
    home: Path,
    *,
    data_folder: Path | None = None,
    base: Path | None = None,
    fresh: bool = False,
    tracking_uri: str | None = None,
    on_progress: OnProgress | None = None,
    should_stop: Callable[[], bool] | None = None,
) -> StudyResult:
    """Run an experiment, or continue the study that it has in this home.

    Parameters
    ----------
    experiment : Experiment
    home : pathlib.Path
        Holds data, studies and runs.
    data_folder : pathlib.Path, optional
        A folder with the contest's files, in place of those in the home.
    base : pathlib.Path, optional
        Folder that paths in the experiment file start from.
    fresh : bool
        Start over in a new study, though there is one of the same identity.
    tracking_uri : str, optional
        MLflow tracking address, in place of the home's own database.
    on_progress : callable, optional
        Told where the study stands after every batch of trials.
    should_stop : callable, optional
        Asked after every epoch and batch; the study then ends as if interrupted.

    Returns
    -------
    StudyResult

    Raises
    ------
    ExperimentError, pipelines.errors.PipelineError, competition.errors.CompetitionError
        With one clear message; nothing is then left half-written.
    KeyboardInterrupt
        When it should stop; running trials are dropped, and the study can be continued.
    """
    began = time.perf_counter()
    tell = on_progress or _tell_nobody
    tell(Progress("reading", 0, experiment.search.trials))
    data = read_data(find_data(experiment, home, folder=data_folder, base=base))
    prepared = prepare(experiment, data)
    place = study_place(home, experiment, data.tables.digest, start_over=fresh)
    session = _open_session(home, place, data, tracking_uri)
    study = open_study(place, greater_is_better=data.metric.greater_is_better)
    shop = Workshop(
        experiment,
        data,
        prepared,
        Scorer.over(data.metric, prepared.target, data.contest.labels),
        place,
        parse_space(experiment.search.space),
        study,
        session,
        tell,
        should_stop or _never,
        [],
    )
    log = start_study_log(session, experiment, data, place.name)
    before = len(counted_trials(study))
    try:
        with threadpool_limits(THREADS):
            search(shop)
            finished = _finish(shop, log)
    except BaseException as error:
        _close_in_trouble(shop, log, error)
        raise
    shop.tell_progress("recording")
    run_ids = session.close()
    result = _result(shop, finished, run_ids.get("study"), before, time.perf_counter() - began)
    _forget_session(session)
    return result


def prepare(experiment: Experiment, data: ContestData) -> PreparedFolds:
    """Make the folds of an experiment and fit its features inside each."""
    wish = experiment.validation
    numbers = None
    if wish.fold_column is not None:
        numbers = data.tables.train[wish.fold_column].to_numpy()
    folds = make_folds(
        FoldPlan(wish.kind, wish.folds, wish.repeats, wish.seed),
        data.target.one_column,
        classes=bool(data.target.classes),
        groups=data.groups,
        order=data.order,
        numbers=numbers,
    )
    group = data.contest.group_column
    setting = Setting(bool(data.target.classes), group, experiment.seed)
    test = None if data.tables.test is None else data.tables.test.reindex(columns=data.columns)
    recipe = parse_recipe(experiment.features)
    return prepare_folds(recipe, setting, data.tables.train[data.columns], data.target, folds, test)


def search(shop: Workshop) -> None:
    """Ask for trials in batches, try them side by side, and tell, until the budget is spent."""
    first = as_trial_parameters(shop.experiment.fixed, shop.space)
    until = None if shop.budget.seconds is None else time.monotonic() + shop.budget.seconds
    shop.history += _history(shop.study)
    while until is None or time.monotonic() < until:
        shop.stop_if_wished()
        if trials_without_gain(shop.study) >= (shop.experiment.search.patience or math.inf):
            return
        done = len(shop.study.get_trials(deepcopy=False))
        search = shop.experiment.search
        shop.study.sampler = make_sampler(search.sampler, shop.space, (shop.experiment.seed, done))
        shop.study.pruner = make_pruner(search.pruner)
        trials = ask_batch(shop.study, shop.place, shop.budget, search.batch, first)
        if not trials:
            return
        _try_batch(shop, trials)
        shop.tell_progress("searching")


def _try_batch(shop: Workshop, trials: list[Trial]) -> None:
    started = datetime.now(UTC)
    parameters = [{**shop.experiment.fixed, **suggest(trial, shop.space)} for trial in trials]
    candidates = [
        Candidate(values, trial_seed(shop.experiment.seed, trial.number))
        for values, trial in zip(parameters, trials, strict=True)
    ]
    rungs = Rungs(
        trials,
        [int(values.get("max_epochs", NETWORK_PARAMETERS["max_epochs"])) for values in parameters],
        len(shop.prepared.folds),
        greater_is_better=shop.data.metric.greater_is_better,
    )

    def on_epoch(rows: list[dict[str, Any]]) -> set[int]:
        shop.stop_if_wished()
        return rungs.hear(rows) if shop.experiment.search.pruner != "none" else set()

    outcomes = try_candidates(
        shop.experiment.model, candidates, shop.prepared, shop.scorer, on_epoch
    )
    outcomes = [
        replace(outcome, fold_scores=(), pruned=True) if place in rungs.given_up else outcome
        for place, outcome in enumerate(outcomes)
    ]
    kept = study_folder(shop.place) / KEPT_FOLDER
    for trial, candidate, outcome in zip(trials, candidates, outcomes, strict=True):
        if outcome.fold_scores:
            keep_answers(kept, trial.number, out_of_fold(outcome.fits, shop.prepared))
        state = _tell(shop, trial, outcome)
        record_trial(
            shop.session, trial, outcome, candidate.parameters, candidate.seed, started, state
        )


def _tell(shop: Workshop, trial: Trial, outcome: TrialOutcome) -> str:
    from optuna.trial import TrialState

    if outcome.pruned:
        shop.study.tell(trial, state=TrialState.PRUNED)
        return "PRUNED"
    if outcome.failure is not None:
        trial.set_user_attr(REASON, outcome.failure)
        shop.study.tell(trial, state=TrialState.FAIL)
        return "FAIL"
    trial.set_user_attr("fold_scores", list(outcome.fold_scores))
    shop.study.tell(trial, outcome.score)
    better = shop.data.metric.better
    if not shop.history or better(outcome.score, shop.history[-1]):
        shop.history.append(outcome.score)
    else:
        shop.history.append(shop.history[-1])
    return "COMPLETE"


def _history(study: Study) -> list[float]:
    from optuna.trial import TrialState

    done = study.get_trials(deepcopy=False, states=(TrialState.COMPLETE,))
    return [study.best_value] if done else []


def trial_seed(seed: int, number: int) -> int:
    """Return the seed of a trial's networks; it depends on nothing but the trial's number."""
    return int(np.random.SeedSequence([seed, number]).generate_state(1)[0])


def _finish(shop: Workshop, log: RunLog) -> Finished:
    if not shop.history:
        failed = [trial.user_attrs.get(REASON) for trial in counted_trials(shop.study)]
        raise ExperimentError(f"every trial failed; the first one because: {failed[0]}")
    shop.tell_progress("finishing")
    folder = study_folder(shop.place)
    library = kept_trials(shop)
    best = library[0]
    finished = finish(shop.experiment, shop.data, shop.prepared, shop.scorer, library, folder)
    record_models(log, finished.models, finished.chosen)
    parameters = {f"best.{name}": str(value) for name, value in best.candidate.parameters.items()}
    log.tags({"best.trial": str(best.number), **parameters})
    record_files(log, folder)
    log.model(folder / MODEL_FOLDER, shop.data.contest.slug, alias="champion")
    log.end("FINISHED", now=datetime.now(UTC))
    log.close()
    return finished


def kept_trials(shop: Workshop) -> list[KeptTrial]:
    """Return the completed trials, the best first; of equals the earlier."""
    from optuna.trial import TrialState

    sign = -1.0 if shop.data.metric.greater_is_better else 1.0
    done = shop.study.get_trials(deepcopy=False, states=(TrialState.COMPLETE,))
    folder = study_folder(shop.place) / KEPT_FOLDER
    return [
        KeptTrial(
            trial.number,
            Candidate(
                {**shop.experiment.fixed, **suggested(trial.params, shop.space)},
                trial_seed(shop.experiment.seed, trial.number),
            ),
            kept_answers(folder, trial.number),
        )
        for trial in sorted(done, key=lambda trial: (sign * float(trial.value or 0), trial.number))
    ]


def suggested(values: dict[str, Any], space: SearchSpace) -> dict[str, Any]:
    """Return the model parameters that a trial's stored parameters stand for."""
    from optuna.trial import FixedTrial

    return suggest(FixedTrial(values), space)  # type: ignore[arg-type]


def _open_session(
    home: Path, place: StudyPlace, data: ContestData, uri: str | None
) -> TrackingSession:
    moment = datetime.now(UTC).strftime("%Y%m%dT%H%M%S.%f")
    sessions = home.resolve() / "spool" / place.name
    recover_sessions(sessions)
    folder = sessions / f"{moment}-{os.getpid()}"
    return TrackingSession(folder, TrackingPlace.in_home(home, data.contest.slug, uri))


def _close_in_trouble(shop: Workshop, log: RunLog, error: BaseException) -> None:
    """Leave no trial running and no run open."""
    reason = "interrupted" if isinstance(error, KeyboardInterrupt) else f"{error}"
    drop_own_trials(shop.study, shop.place)
    log.tags({"stop.reason": reason})
    log.end("KILLED" if isinstance(error, KeyboardInterrupt) else "FAILED", now=datetime.now(UTC))
    log.close()
    shop.session.close()


def _forget_session(session: TrackingSession) -> None:
    """Remove the rows once everything is sent."""
    if session.trouble() is None:
        shutil.rmtree(session.folder, ignore_errors=True)


def _result(
    shop: Workshop, finished: Finished, run_id: str | None, before: int, seconds: float
) -> StudyResult:
    best, trials = kept_trials(shop)[0], len(counted_trials(shop.study))
    return StudyResult(
        experiment=shop.experiment.name,
        study=shop.place.name,
        contest=shop.data.contest.slug,
        metric=shop.data.metric.name,
        greater_is_better=shop.data.metric.greater_is_better,
        trials=trials,
        new_trials=trials - before,
        best_number=best.number,
        best_score=float(shop.study.best_value),
        best_parameters=finished.parameters,
        chosen=finished.chosen,
        models=finished.models,
        run_id=run_id,
        predictions=finished.predictions,
        folder=study_folder(shop.place),
        seconds=seconds,
        warning=shop.session.trouble(),
    )


def _never() -> bool:
    return False


def _tell_nobody(progress: Progress) -> None:
    return None
