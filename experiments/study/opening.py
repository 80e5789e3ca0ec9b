"""What the process that runs a study and its workers open alike: the session, the workshop."""

from __future__ import annotations

import os
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from experiments.data import ContestData
from experiments.definition.sections import Experiment
from experiments.study.workshop import Workshop
from pipelines.models import PreparedFolds
from pipelines.models.saving import Lesson
from pipelines.models.scoring import Scorer
from pipelines.search import StudyPlace, parse_space
from pipelines.tracking import TrackingPlace, TrackingSession
from pipelines.tracking.rows import RunLogs
from pipelines.tracking.session import SPOOL_FOLDER, recover_home

if TYPE_CHECKING:
    from optuna import Study


def new_session(home: Path, study: str, data: ContestData, uri: str | None) -> TrackingSession:
    """Begin a tracking session of a study, and send what earlier ones of this home left behind."""
    moment = datetime.now(UTC).strftime("%Y%m%dT%H%M%S.%f")
    recover_home(home.resolve())
    folder = home.resolve() / SPOOL_FOLDER / study / f"{moment}-{os.getpid()}"
    return TrackingSession(folder, TrackingPlace.in_home(home, data.contest.slug, uri))


def tracking_address(home: Path, data: ContestData, uri: str | None) -> str:
    """Return the MLflow store that a session with these settings sends its runs to."""
    return TrackingPlace.in_home(home, data.contest.slug, uri).uri


def open_workshop(
    experiment: Experiment,
    data: ContestData,
    lesson: Lesson,
    prepared: PreparedFolds,
    place: StudyPlace,
    study: Study,
    session: RunLogs,
) -> Workshop:
    """Lay out what the trials of a study share; nobody is told of progress, nor asked to stop."""
    return Workshop(
        experiment=experiment,
        data=data,
        lesson=lesson,
        prepared=prepared,
        scorer=Scorer.over(data.metric, prepared.target, data.contest.labels),
        place=place,
        space=parse_space(experiment.search.space),
        study=study,
        session=session,
    )
