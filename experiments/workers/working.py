"""One worker of a study, whoever starts it: `ripe run --workers`, a cluster, or `ripe worker`."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Self

from threadpoolctl import threadpool_limits

from experiments.data import ContestData, find_data, read_data
from experiments.definition.sections import Experiment
from experiments.errors import ExperimentError
from experiments.study.gathering import record_place
from experiments.study.identity import place_of
from experiments.study.opening import new_session, open_workshop, tracking_address
from experiments.study.preparing import make_lesson, prepare
from experiments.study.recording import start_study_log
from experiments.study.result import OnProgress
from experiments.study.searching import search
from experiments.study.terms import read_terms
from experiments.study.workshop import Workshop
from pipelines.search import StudyPlace
from pipelines.search.heartbeat import this_process
from pipelines.search.storage import HEARTBEAT_SECONDS, close_study, depending_on
from pipelines.search.study import drop_own_trials, join_study
from pipelines.tracking.rows import RunLog, RunLogs
from pipelines.tracking.session import PLACE_FILE, read_json

if TYPE_CHECKING:
    from optuna import Study

HOME_VARIABLE = "RIPE_HOME"


@dataclass(frozen=True)
class WorkOrder:
    """What a worker is told.

    Attributes
    ----------
    study : str
        The study's name.
    home : str
        The home folder; where another machine has none of this name, its own is used.
    storage : str or None
        The database that the study lies in; None is the home's journal.
    worker : int
        Tells this worker's draws from those of the others; 0 takes a number of its own.
    workers : int
        How many share the study.
    threads : int
        Threads for linear algebra.
    session : str or None
        Folder of the tracking session that the runs go into, where it is on this machine.
    tracking : str or None
        MLflow tracking address for a session of the worker's own.
    data_folder, base : str or None
        As `run_experiment` takes them.
    heartbeat_seconds : int
    """

    study: str
    home: str
    storage: str | None = None
    worker: int = 0
    workers: int = 1
    threads: int = 1
    session: str | None = None
    tracking: str | None = None
    data_folder: str | None = None
    base: str | None = None
    heartbeat_seconds: int = HEARTBEAT_SECONDS

    def as_json(self) -> str:
        """Return one line that `from_json` reads."""
        return json.dumps(asdict(self))

    @classmethod
    def from_json(cls, text: str) -> Self:
        """Read what `as_json` wrote."""
        return cls(**json.loads(text))

    @property
    def place(self) -> StudyPlace:
        """Where the study lies."""
        place = place_of(Path(self.home), self.study, self.storage)
        return replace(place, heartbeat_seconds=self.heartbeat_seconds)

    def on_this_machine(self) -> WorkOrder:
        """Return the order with a home of this machine, where the one that is named is not here."""
        if self.session is not None and Path(self.session).is_dir():
            return self
        home = self.home if Path(self.home).is_dir() else os.environ.get(HOME_VARIABLE, self.home)
        return replace(self, session=None, home=home)


@dataclass(frozen=True)
class SharedSession:
    """Run logs in the folder of a session that another process keeps and sends."""

    folder: Path

    def run(self, key: str) -> RunLog:
        """Open the log of one run."""
        return RunLog(self.folder / f"{key}.jsonl")


def work(
    order: WorkOrder,
    *,
    should_stop: Callable[[], bool],
    on_progress: OnProgress | None = None,
) -> int:
    """Try batch after batch of a study until it is over.

    Parameters
    ----------
    order : WorkOrder
    should_stop : callable
        Asked after every epoch and batch; trials in hand are then dropped.
    on_progress : callable, optional

    Returns
    -------
    int
        How many trials this worker has tried.

    Raises
    ------
    ExperimentError, pipelines.errors.PipelineError, competition.errors.CompetitionError
        With one clear message.
    KeyboardInterrupt
        When it should stop.
    """
    order = order.on_this_machine()
    with _joined(order) as study:
        terms = read_terms(study)
        data = _same_data(order, terms.experiment, terms.data_digest)
        with threadpool_limits(order.threads):
            lesson = make_lesson(terms.experiment, data)
            prepared = prepare(lesson, data, Path(order.home))
            with _recording(order, terms.experiment, data, terms.tracking) as (session, uri):
                shop = open_workshop(
                    terms.experiment, data, lesson, prepared, order.place, study, session
                )
                shop.worker, shop.workers = order.worker or own_number(), order.workers
                shop.recorded_at = record_place(Path(order.home), uri)
                shop.should_stop = should_stop
                if on_progress is not None:
                    shop.on_progress = on_progress
                return _search(shop)


@contextmanager
def _joined(order: WorkOrder) -> Iterator[Study]:
    with depending_on(order.place):
        study = join_study(order.place)
        try:
            yield study
        finally:
            close_study(study)


def _search(shop: Workshop) -> int:
    try:
        search(shop)
    finally:
        drop_own_trials(shop.study, shop.place)
    return shop.tried


def own_number() -> int:
    """Return a number that no other process has, to draw other trials than the others do."""
    name = json.dumps(this_process(), sort_keys=True)
    return int.from_bytes(hashlib.sha256(name.encode()).digest()[:4])


def _same_data(order: WorkOrder, experiment: Experiment, digest: str) -> ContestData:
    """Read the data in this worker's home, which must be those that the study was begun with."""
    folder = Path(order.data_folder) if order.data_folder else None
    base = Path(order.base) if order.base else folder
    data = read_data(find_data(experiment, Path(order.home), folder=folder, base=base))
    if data.tables.digest != digest:
        raise ExperimentError(
            f"the tables in {data.place.train.parent} are not those that study {order.study!r} was "
            f"begun with; get them with: ripe download {data.contest.slug}"
        )
    return data


@contextmanager
def _recording(
    order: WorkOrder, experiment: Experiment, data: ContestData, tracking: str | None
) -> Iterator[tuple[RunLogs, str]]:
    """Record in the session that is named, else in one of this worker's own; say where that is."""
    home = Path(order.home)
    if order.session is not None:
        shared = Path(order.session)
        yield SharedSession(shared), str(read_json(shared / PLACE_FILE)["uri"])
        return
    address = tracking_address(home, data, order.tracking or tracking)
    session = new_session(home, order.study, data, address)
    log = start_study_log(session, experiment, data, order.study, joins=True)
    try:
        yield session, address
    finally:
        log.end("FINISHED", now=datetime.now(UTC))
        log.close()
        session.close()
        session.forget()
