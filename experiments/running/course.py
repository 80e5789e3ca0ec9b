"""A study from its search to its result: what is made of the trials, and on record."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from datetime import UTC, datetime

from experiments.errors import ExperimentError
from experiments.overviews.tables import keep_schema
from experiments.reporting.building import build_report
from experiments.running.earlier_studies import BEST
from experiments.running.launching import Launch
from experiments.study.finishing import MODEL_FOLDER, Finished, finish, make_pages
from experiments.study.gathering import gather, record_lost
from experiments.study.library import front_trials
from experiments.study.recording import record_files, record_models, start_study_log
from experiments.study.result import StudyResult
from experiments.study.workshop import Workshop
from pipelines.search.objectives import ranked
from pipelines.search.plotting import write_plots
from pipelines.search.study import REASON, counted_trials, drop_own_trials
from pipelines.tracking import RunLog, TrackingSession
from pipelines.tracking.locking import locked

logger = logging.getLogger(__name__)


def take_course(
    shop: Workshop, session: TrackingSession, began: float, launch: Launch
) -> StudyResult:
    """Search, finish and record a study; whatever happens, leave no trial and no run open."""
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
    log.tags({f"{BEST}{name}": str(value) for name, value in parameters.items()})
    log.tags({f"{BEST}trial": str(best)})
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
