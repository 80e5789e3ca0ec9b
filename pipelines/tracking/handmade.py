"""Tracked runs of training by hand, in a notebook or a script.

They take the way of a study's runs: rows on disk at once, sent by a writer process beside::

    with track("wider", experiment="avocado-ripeness") as run:
        run.parameters(hidden_layer_sizes=(64, 32), learning_rate=0.01)
        run.dataset("train.csv")
        network.fit(X, y)
        run.history(network.history_)
        run.metrics({"cv.score": 0.957})
        run.model(network, X[:5])
"""

from __future__ import annotations

import logging
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import UTC, datetime
from pathlib import Path

from pipelines.tracking.filters import HAND_MADE, HAND_MADE_TRIAL
from pipelines.tracking.session import SPOOL_FOLDER, TrackingPlace, TrackingSession, recover_home
from pipelines.tracking.surroundings import (
    CODE_FOLDER,
    code_version,
    keep_code,
    library_versions,
    machine,
)
from pipelines.tracking.tracked import TrackedRun

EXPERIMENT = "hand-made"
ROOT_KEY = "study"
HOME_VARIABLE, DEFAULT_HOME = "RIPE_HOME", ".ripe"

logger = logging.getLogger(__name__)


_current: ContextVar[TrackedRun | None] = ContextVar("tracked run", default=None)


@contextmanager
def track(
    name: str,
    *,
    experiment: str = EXPERIMENT,
    home: str | os.PathLike[str] | None = None,
    tracking: str | None = None,
    lower_is_better: bool | None = None,
) -> Iterator[TrackedRun]:
    """Track what is done inside as a run of MLflow; inside another tracked run, as its child.

    It ends FINISHED; FAILED with the tag ``stop.reason`` when an error leaves the block; KILLED
    when it is interrupted, or pruned by Optuna (``optuna.state`` is then PRUNED); and KILLED too
    when the process dies.

    Parameters
    ----------
    name : str
        The run's name.
    experiment : str
        MLflow experiment; a contest's slug puts the run beside that contest's studies. A child's
        is its parent's.
    home : path-like, optional
        The home folder: the one given, else ``RIPE_HOME``, else ``.ripe`` here.
    tracking : str, optional
        MLflow server or database in place of the home's own.
    lower_is_better : bool, optional
        Direction of ``cv.score``; a contest's studies tell it for its runs.

    Yields
    ------
    TrackedRun
    """
    parent = _current.get()
    if parent is not None:
        with _following(parent.session, parent.child_key(), name, parent.key) as run:
            run.tags({"ripe.kind": HAND_MADE_TRIAL})
            yield run
        return
    place = home_of(home)
    with (
        _session(place, TrackingPlace.in_home(place, experiment, tracking), name) as session,
        _following(session, ROOT_KEY, name, None) as run,
    ):
        _describe(run, experiment, lower_is_better)
        yield run


@contextmanager
def _session(home: Path, place: TrackingPlace, name: str) -> Iterator[TrackingSession]:
    """Open a session, and close it however the block ends."""
    recover_home(home)
    moment = _now().strftime("%Y%m%dT%H%M%S.%f")
    folder = home / SPOOL_FOLDER / EXPERIMENT / f"{moment}-{os.getpid()}"
    session = TrackingSession(folder, place)
    try:
        yield session
    finally:
        _close(session, name)


@contextmanager
def _following(
    session: TrackingSession, key: str, name: str, parent: str | None
) -> Iterator[TrackedRun]:
    """Begin a run, make it the current one, and end it as the block ends."""
    run = _start(session, key, name, parent)
    began, before = time.perf_counter(), _current.set(run)
    try:
        yield run
    except BaseException as error:
        run.end(error, time.perf_counter() - began)
        raise
    else:
        run.end(None, time.perf_counter() - began)
    finally:
        _current.reset(before)


def home_of(given: str | os.PathLike[str] | None) -> Path:
    """Return the home folder: the one given, else ``RIPE_HOME``, else ``.ripe`` here."""
    folder = given or os.environ.get(HOME_VARIABLE) or DEFAULT_HOME
    return Path(folder).expanduser().absolute()


def _start(session: TrackingSession, key: str, name: str, parent: str | None) -> TrackedRun:
    log = session.run(key)
    try:
        log.start(name, now=_now(), parent=parent)
    except BaseException:
        log.close()
        raise
    return TrackedRun(name, session, key, log)


def _describe(run: TrackedRun, experiment: str, lower_is_better: bool | None) -> None:
    run.tags({"ripe.kind": HAND_MADE, "contest": experiment})
    run.tags({**code_version(), **library_versions(), **machine()})
    if lower_is_better is not None:
        run.tags({"metric.direction": f"{'lower' if lower_is_better else 'higher'} is better"})
    run.log.view(lowest_first=bool(lower_is_better), replaces=lower_is_better is not None)
    for path in keep_code(run.session.folder / "files" / CODE_FOLDER):
        run.log.file(path, CODE_FOLDER)


def _close(session: TrackingSession, name: str) -> None:
    session.close()
    trouble = session.trouble()
    if trouble is not None:
        logger.warning(
            "run %r waits in %s to be sent to MLflow (%s); the next run or 'ripe doctor' sends it",
            *(name, session.folder, trouble),
        )
    session.forget()


def _now() -> datetime:
    return datetime.now(UTC)
