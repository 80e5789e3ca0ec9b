"""Running an experiment: its data, its study, and all that is done with them."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from threadpoolctl import threadpool_limits

from experiments.data import ContestData, find_data, read_data
from experiments.definition.sections import Experiment
from experiments.errors import ExperimentError
from experiments.running.course import take_course
from experiments.running.earlier_studies import Points, earlier_points, keep_earlier_points
from experiments.running.launching import THREADS, Launch
from experiments.study.gathering import record_place
from experiments.study.identity import study_place
from experiments.study.opening import new_session, open_workshop, tracking_address
from experiments.study.preparing import make_lesson, prepare
from experiments.study.result import OnProgress, Progress, StudyResult
from experiments.study.terms import Terms, keep_terms
from experiments.workers.working import WorkOrder
from pipelines.search import StudyPlace, open_study
from pipelines.search.samplers import check_sampler
from pipelines.search.storage import HEARTBEAT_SECONDS, close_study, depending_on, storage_url
from pipelines.search.study import study_exists
from pipelines.tracking import TrackingSession

if TYPE_CHECKING:
    from optuna import Study


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
            return take_course(shop, session, began, Launch(order, workers, cluster))


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
