"""Running an experiment: data, folds, search, the chosen model, its predictions."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

from threadpoolctl import threadpool_limits

from experiments.data import ContestData, find_data, read_data
from experiments.definition import Experiment
from experiments.errors import ExperimentError
from experiments.finishing import MODEL_FOLDER, Finished, finish
from experiments.identity import study_place
from experiments.preparing import make_lesson, prepare
from experiments.recording import record_files, record_models, start_study_log
from experiments.result import OnProgress, Progress, StudyResult
from experiments.schema import keep_schema
from experiments.searching import search
from experiments.workshop import Workshop
from pipelines.models.scoring import Scorer
from pipelines.search import StudyPlace, open_study, parse_space
from pipelines.search.study import REASON, counted_trials, drop_own_trials
from pipelines.tracking import RunLog, TrackingPlace, TrackingSession
from pipelines.tracking.session import SPOOL_FOLDER, recover_home

THREADS = 1  # networks of table size gain nothing from more


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
    with threadpool_limits(THREADS):
        shop = _open_workshop(experiment, data, home, fresh, tracking_uri)
        shop.on_progress, shop.should_stop = tell, should_stop or _never
        return _run(shop, began)


def _open_workshop(
    experiment: Experiment, data: ContestData, home: Path, fresh: bool, tracking_uri: str | None
) -> Workshop:
    lesson = make_lesson(experiment, data)
    prepared = prepare(lesson, data)
    place = study_place(home, experiment, data.tables.digest, start_over=fresh)
    session = _open_session(home, place, data, tracking_uri)
    return Workshop(
        experiment=experiment,
        data=data,
        lesson=lesson,
        prepared=prepared,
        scorer=Scorer.over(data.metric, prepared.target, data.contest.labels),
        place=place,
        space=parse_space(experiment.search.space),
        study=open_study(place, greater_is_better=data.metric.greater_is_better),
        session=session,
        on_progress=_tell_nobody,
        should_stop=_never,
    )


def _run(shop: Workshop, began: float) -> StudyResult:
    log = start_study_log(shop.session, shop.experiment, shop.data, shop.place.name)
    before = len(counted_trials(shop.study))
    try:
        search(shop)
        finished = _finish(shop, log)
    except BaseException as error:
        _close_in_trouble(shop, log, error)
        raise
    shop.tell_progress("recording")
    run_id = shop.session.close().get("study")
    result = _result(shop, finished, run_id, before, time.perf_counter() - began)
    shop.session.forget()
    return result


def _finish(shop: Workshop, log: RunLog) -> Finished:
    library = shop.library
    if not library:
        failed = [trial.user_attrs.get(REASON) for trial in counted_trials(shop.study)]
        raise ExperimentError(f"every trial failed; the first one because: {failed[0]}")
    shop.tell_progress("finishing")
    finished = finish(
        shop.experiment, shop.data, shop.lesson, shop.prepared, shop.scorer, library, shop.folder
    )
    record_models(log, shop.experiment.name, finished.models, finished.chosen)
    parameters = library[0].candidate.parameters
    log.tags({f"best.{name}": str(value) for name, value in parameters.items()})
    log.tags({"best.trial": str(library[0].number)})
    if shop.experiment.report.tables:
        keep_schema(shop.folder, shop.data, shop.experiment.seed)
    record_files(log, shop.folder)
    log.model(shop.folder / MODEL_FOLDER, shop.data.contest.slug, alias="champion")
    log.end("FINISHED", now=datetime.now(UTC))
    log.close()
    return finished


def _open_session(
    home: Path, place: StudyPlace, data: ContestData, uri: str | None
) -> TrackingSession:
    moment = datetime.now(UTC).strftime("%Y%m%dT%H%M%S.%f")
    recover_home(home.resolve())
    folder = home.resolve() / SPOOL_FOLDER / place.name / f"{moment}-{os.getpid()}"
    return TrackingSession(folder, TrackingPlace.in_home(home, data.contest.slug, uri))


def _close_in_trouble(shop: Workshop, log: RunLog, error: BaseException) -> None:
    """Leave no trial running and no run open."""
    reason = "interrupted" if isinstance(error, KeyboardInterrupt) else f"{error}"
    drop_own_trials(shop.study, shop.place)
    log.tags({"stop.reason": reason})
    log.end("KILLED" if isinstance(error, KeyboardInterrupt) else "FAILED", now=datetime.now(UTC))
    log.close()
    shop.session.close()
    shop.session.forget()


def _result(
    shop: Workshop, finished: Finished, run_id: str | None, before: int, seconds: float
) -> StudyResult:
    best, trials = shop.library[0], len(counted_trials(shop.study))
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
        folder=shop.folder,
        seconds=seconds,
        warning=shop.session.trouble(),
    )


def _never() -> bool:
    return False


def _tell_nobody(progress: Progress) -> None:
    return None
