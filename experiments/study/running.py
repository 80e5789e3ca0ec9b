"""Running an experiment: data, folds, search, the chosen model, its predictions."""

from __future__ import annotations

import logging
import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from threadpoolctl import threadpool_limits

from experiments.definition.sections import Experiment
from experiments.errors import ExperimentError
from experiments.overviews.tables import keep_schema
from experiments.reporting.building import build_report
from experiments.study.data import ContestData, find_data, read_data
from experiments.study.earlier_studies import Points, earlier_points, keep_earlier_points
from experiments.study.finishing import MODEL_FOLDER, Finished, finish, make_pages
from experiments.study.gathering import gather, record_lost, record_place
from experiments.study.identity import study_place
from experiments.study.library import front_trials
from experiments.study.opening import new_session, open_workshop, tracking_address
from experiments.study.preparing import make_lesson, prepare
from experiments.study.recording import record_files, record_models, start_study_log
from experiments.study.result import OnProgress, Progress, StudyResult
from experiments.study.searching import best_so_far, search
from experiments.study.terms import Terms, keep_terms
from experiments.study.workshop import Workshop
from experiments.workers.crew import AbsentCrew, Crew, LocalCrew, threads_each
from experiments.workers.following import follow
from experiments.workers.working import WorkOrder
from pipelines.search import StudyPlace, open_study
from pipelines.search.objectives import ranked
from pipelines.search.plotting import write_plots
from pipelines.search.samplers import check_sampler
from pipelines.search.storage import (
    HEARTBEAT_SECONDS,
    close_study,
    depending_on,
    storage_url,
)
from pipelines.search.study import REASON, counted_trials, drop_own_trials, study_exists
from pipelines.tracking import RunLog, TrackingSession
from pipelines.tracking.locking import locked

if TYPE_CHECKING:
    from optuna import Study

THREADS = 1  # networks of table size gain nothing from more

logger = logging.getLogger(__name__)


def run_experiment(
    experiment: Experiment,
    home: Path,
    *,
    data_folder: Path | None = None,
    base: Path | None = None,
    fresh: bool = False,
    resume: bool = False,
    storage: str | None = None,
    workers: int = 1,
    cluster: str | None = None,
    heartbeat_seconds: int = HEARTBEAT_SECONDS,
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
    resume : bool
        Refuse to begin a study where there is none to continue.
    storage : str, optional
        Database of studies (``postgresql://…`` or ``sqlite:///…``), in place of a journal in the
        home.
    workers : int
        Processes that search: one is this process itself; with 0 it only waits for workers from
        elsewhere (`ripe worker --study`) and finishes. Only one worker's results can be repeated
        byte for byte.
    cluster : str, optional
        Address of a `dask.distributed` scheduler whose processes search, `workers` of them at
        most where more than one is given.
    heartbeat_seconds : int
        How often workers say that they live; after three times as long they count as dead.
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
    check_sampler(experiment.search.sampler)
    tell = on_progress or (lambda progress: None)
    tell(Progress("reading", 0, experiment.search.trials))
    url = None if storage is None else storage_url(storage)
    data = read_data(find_data(experiment, home, folder=data_folder, base=base))
    with threadpool_limits(THREADS):
        lesson = make_lesson(experiment, data)
        prepared = prepare(lesson, data, home)
        place = study_place(home, experiment, data.tables.digest, start_over=fresh, storage=url)
        place = replace(place, heartbeat_seconds=heartbeat_seconds)
        if resume:
            _require_study(place, experiment)
        address = tracking_address(home, data, tracking_uri)
        terms = Terms(experiment, data.tables.digest, address)
        points = earlier_points(experiment, home, place, storage=url, tracking_uri=tracking_uri)
        with _opened(place, terms, points, data) as study:
            session = new_session(home, place.name, data, address)
            shop = open_workshop(experiment, data, lesson, prepared, place, study, session)
            shop.on_progress, shop.workers = tell, max(1, workers)
            shop.recorded_at = record_place(home, address)
            shop.should_stop = should_stop or shop.should_stop
            shop.notes += data.tables.notes
            order = _order(place, home, session, tracking_uri, data_folder, base)
            return _run(shop, session, began, Launch(order, workers, cluster))


def _require_study(place: StudyPlace, experiment: Experiment) -> None:
    """Refuse to continue where there is nothing to continue."""
    if not study_exists(place):
        raise ExperimentError(
            f"there is no study of {experiment.name} with these settings and tables to continue; "
            "begin one without --resume"
        )


def _order(
    place: StudyPlace,
    home: Path,
    session: TrackingSession,
    tracking_uri: str | None,
    data_folder: Path | None,
    base: Path | None,
) -> WorkOrder:
    """Return what all workers of a study are told, wherever they are started."""
    return WorkOrder(
        place.name,
        str(home.resolve()),
        place.url,
        session=str(session.folder.resolve()),
        tracking=tracking_uri,
        data_folder=_absolute(data_folder),
        base=_absolute(base),
        heartbeat_seconds=place.heartbeat_seconds,
    )


@contextmanager
def _opened(
    place: StudyPlace, terms: Terms, points: Points | None, data: ContestData
) -> Iterator[Study]:
    """Open a study, made where it is not there, with what its workers go by."""

    def furnish(study: Study) -> None:
        keep_terms(study, terms)
        keep_earlier_points(study, points)

    with depending_on(place):
        study = open_study(
            place,
            greater_is_better=data.metric.greater_is_better,
            objectives=terms.experiment.search.objectives,
            furnish=furnish,
        )
        try:
            yield study
        finally:
            close_study(study)


def _absolute(path: Path | None) -> str | None:
    return None if path is None else str(path.resolve())


@dataclass(frozen=True)
class Launch:
    """Who searches: this process, several of this machine, a cluster's, or others elsewhere."""

    order: WorkOrder
    workers: int
    cluster: str | None

    @property
    def fills_all_cores(self) -> bool:
        """Whether workers leave no core of this machine to the process that writes to MLflow."""
        return self.cluster is None and self.workers >= max(2, os.cpu_count() or 1)

    def search(self, shop: Workshop) -> None:
        """Search until the budget is spent, or nothing improves."""
        if self.workers == 1 and self.cluster is None:
            search(shop)
        else:
            shop.start_clock()
            shop.history = best_so_far(shop.study)
            shop.tell_progress("searching")
            follow(shop, self._crew(Path(str(self.order.session))))

    def _crew(self, logs: Path) -> Crew:
        if self.cluster is not None:
            from experiments.workers.cluster import ClusterCrew

            return ClusterCrew(self.cluster, self.workers if self.workers > 1 else None, self._nth)
        if not self.workers:
            return AbsentCrew()
        numbers = range(1, self.workers + 1)
        return LocalCrew([self._nth(number, self.workers) for number in numbers], logs)

    def _nth(self, number: int, workers: int) -> WorkOrder:
        threads = threads_each(workers) if self.cluster is None else THREADS
        return replace(self.order, worker=number, workers=workers, threads=threads)


def _run(shop: Workshop, session: TrackingSession, began: float, launch: Launch) -> StudyResult:
    log = start_study_log(session, shop.experiment, shop.data, shop.place.name)
    before = len(counted_trials(shop.study))
    if launch.fills_all_cores:
        session.give_way()
    try:
        launch.search(shop)
        with locked(shop.place.journal.with_suffix(".finish.lock")):  # they write the same files
            gather(shop)
            finished = _finish(shop, log)
    except BaseException as error:
        _close_in_trouble(shop, session, log, error)
        raise
    shop.tell_progress("recording")
    run_id = session.close().get("study")
    result = _result(shop, session, finished, run_id, before, time.perf_counter() - began)
    session.forget()
    return result


def _finish(shop: Workshop, log: RunLog) -> Finished:
    library = shop.library
    if not library:
        failed = [trial.user_attrs.get(REASON) for trial in counted_trials(shop.study)]
        raise ExperimentError(f"every trial failed; the first one because: {failed[0]}")
    shop.tell_progress("finishing")
    finished = finish(
        shop.experiment,
        shop.data,
        shop.lesson,
        shop.prepared,
        shop.scorer,
        library,
        shop.folder,
        shop.study.get_trials(deepcopy=False),
    )
    best = library[0].number
    record_models(log, shop.experiment, shop.data, finished.models, finished.chosen, best)
    parameters = finished.parameters
    log.tags({f"best.{name}": str(value) for name, value in parameters.items()})
    log.tags({"best.trial": str(best)})
    log.model(shop.folder / MODEL_FOLDER, shop.data.contest.slug, alias="champion")
    _describe(shop, finished)  # while the writer sends the model
    record_files(log, shop.folder)
    log.end("FINISHED", now=datetime.now(UTC))
    log.close()
    return finished


def _describe(shop: Workshop, finished: Finished) -> None:
    """Write the pages about the study and its tables that the experiment asks for."""
    wish, folder, study = shop.experiment.report, shop.folder, shop.place.name
    pages: dict[str, Callable[[], object]] = {}
    if wish.enabled:
        pages["its report"] = lambda: build_report(folder, wish.baselines, learned=finished.learned)
        pages["the page of plots"] = lambda: write_plots(shop.study, folder, study)
    if wish.tables:
        pages["the page on its tables"] = lambda: keep_schema(
            folder, shop.data, shop.experiment.seed
        )
    shop.notes += make_pages(study, pages)


def _close_in_trouble(
    shop: Workshop, session: TrackingSession, log: RunLog, error: BaseException
) -> None:
    """Leave no trial running and no run open."""
    reason = "interrupted" if isinstance(error, KeyboardInterrupt) else f"{error}"
    _drop_trials(shop)
    log.tags({"stop.reason": reason})
    log.end("KILLED" if isinstance(error, KeyboardInterrupt) else "FAILED", now=datetime.now(UTC))
    log.close()
    session.close()
    session.forget()


def _drop_trials(shop: Workshop) -> None:
    """Leave no trial in hand; where that cannot be done any more, the next run does it."""
    try:
        drop_own_trials(shop.study, shop.place)
        record_lost(shop)
    except Exception:  # what ended the study is told, not what follows from it
        logger.info("the trials in hand are left to the next run", exc_info=True)


def _result(
    shop: Workshop,
    session: TrackingSession,
    finished: Finished,
    run_id: str | None,
    before: int,
    seconds: float,
) -> StudyResult:
    best, trials = ranked(shop.study)[0], len(counted_trials(shop.study))
    return StudyResult(
        experiment=shop.experiment.name,
        study=shop.place.name,
        contest=shop.data.contest.slug,
        metric=shop.data.metric.name,
        greater_is_better=shop.data.metric.greater_is_better,
        trials=trials,
        new_trials=trials - before,
        best_number=best.number,
        best_score=float(best.values[0]),
        best_parameters=finished.parameters,
        chosen=finished.chosen,
        models=finished.models,
        run_id=run_id,
        predictions=finished.predictions,
        folder=shop.folder,
        seconds=seconds,
        warning=session.trouble(),
        front=front_trials(shop.study, shop.space, shop.experiment),
        notes=tuple(shop.notes),
        recipes=finished.recipes,
    )
