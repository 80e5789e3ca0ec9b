"""A tracked run, found by the first letters of its id, and what it predicts."""

from __future__ import annotations

import re
import tempfile
import tomllib
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import pandas as pd

from experiments.definition.writing import EXPERIMENT_FILE
from experiments.errors import ExperimentError
from pipelines.tracking.session import TrackingPlace
from pipelines.tracking.store import first_line, prepare_store
from pipelines.tracking.surroundings import CODE_FOLDER

if TYPE_CHECKING:
    from mlflow import MlflowClient
    from mlflow.entities import Run

__all__ = [
    "RunPredictions",
    "UnknownRun",
    "find_run",
    "learned_from_own_tables",
    "open_tracking",
    "run_predictions",
]

PREDICTIONS_FILE = "predictions.parquet"
PARENT_TAG = "mlflow.parentRunId"
MODELS = "models:/"
RUN_ID = re.compile("[0-9a-f]{1,32}")
SHOWN = 3


class UnknownRun(ExperimentError, LookupError):
    """No run, or more than one, has an id that begins so."""


@dataclass(frozen=True)
class RunPredictions:
    """What a run predicts for the test rows of its contest.

    Attributes
    ----------
    run_id : str
        The MLflow run.
    slug : str
        Its contest.
    metric : str
        Name of the contest's metric.
    cv_score, cv_low, cv_high : float or None
        Cross-validated score of the chosen model with its 95 % interval.
    frame : DataFrame
        The id column and the prediction columns.
    """

    run_id: str
    slug: str
    metric: str
    cv_score: float | None
    cv_low: float | None
    cv_high: float | None
    frame: pd.DataFrame = field(repr=False)


def open_tracking(home: Path, uri: str | None = None) -> MlflowClient:
    """Return a client of the MLflow store of a home, or of the one at `uri`."""
    return prepare_store(TrackingPlace.in_home(home, "", uri).uri)


def find_run(client: MlflowClient, run: str) -> Run:
    """Return the run whose id is, or begins with, `run`, or the one that made a registered model.

    Parameters
    ----------
    client : mlflow.MlflowClient
    run : str
        First digits of an id, or a model as MLflow writes it: ``models:/NAME@ALIAS`` or
        ``models:/NAME/VERSION``.

    Raises
    ------
    UnknownRun
        When there is none, or more than one.
    """
    if run.startswith(MODELS):
        return _run_of_model(client, run)
    if not RUN_ID.fullmatch(run):
        raise UnknownRun(f"a run's id has the digits 0-9 and a-f only, but got {run!r}")
    places = [experiment.experiment_id for experiment in client.search_experiments()]
    wanted = f"attributes.run_id LIKE '{run}%'"
    found = list(client.search_runs(places, wanted, max_results=SHOWN + 1))
    if not found:
        raise UnknownRun(f"no run's id begins with {run!r}; 'ripe runs' lists them")
    if len(found) > 1:
        names = ", ".join(one.info.run_id for one in found[:SHOWN])
        raise UnknownRun(f"several runs begin with {run!r}: {names} ...; give more of the id")
    return found[0]


def _run_of_model(client: MlflowClient, model: str) -> Run:
    from mlflow.exceptions import MlflowException

    parts = re.fullmatch(r"models:/([^/@]+)(?:@([^/@]+)|/([0-9]+))", model)
    if parts is None:
        raise UnknownRun(
            f"a registered model is written models:/NAME@ALIAS or models:/NAME/VERSION, not {model}"
        )
    name, alias, number = parts.groups()
    try:
        version = (
            client.get_model_version_by_alias(name, alias)
            if alias
            else client.get_model_version(name, number)
        )
        return client.get_run(str(version.run_id))
    except MlflowException as error:
        raise UnknownRun(f"there is no {model}: {first_line(error)}") from None


def run_predictions(home: Path, run: str, uri: str | None = None) -> RunPredictions:
    """Return the predictions of a run; a study's run stands for its chosen model.

    Parameters
    ----------
    home : Path
        The home folder, which holds the runs unless `uri` names another MLflow store.
    run : str
        An MLflow run id or the first letters of one.
    uri : str, optional
        MLflow tracking address.

    Raises
    ------
    UnknownRun
        When no single run is meant, or it made no predictions.
    """
    client = open_tracking(home, uri)
    found = find_run(client, run)
    tags, metrics = found.data.tags, found.data.metrics
    return RunPredictions(
        run_id=found.info.run_id,
        slug=tags.get("contest", ""),
        metric=tags.get("metric", ""),
        cv_score=metrics.get("cv.score"),
        cv_low=metrics.get("cv.low"),
        cv_high=metrics.get("cv.high"),
        frame=_read_predictions(client, found),
    )


def learned_from_own_tables(home: Path, run_id: str, uri: str | None = None) -> bool:
    """Say whether the experiment of a study's run names its tables itself, without a contest."""
    client = open_tracking(home, uri)
    place = f"{CODE_FOLDER}/{EXPERIMENT_FILE}"
    if place not in {one.path for one in client.list_artifacts(run_id, CODE_FOLDER)}:
        return False
    with tempfile.TemporaryDirectory(prefix="ripe-") as folder:
        text = Path(client.download_artifacts(run_id, place, folder)).read_text(encoding="utf-8")
        return "data" in tomllib.loads(text)


def _read_predictions(client: MlflowClient, run: Run) -> pd.DataFrame:
    names = {one.path for one in client.list_artifacts(run.info.run_id)}
    if PREDICTIONS_FILE not in names:
        raise UnknownRun(f"run {run.info.run_id} made no predictions{_hint(run)}")
    with tempfile.TemporaryDirectory(prefix="ripe-") as folder:
        path = client.download_artifacts(run.info.run_id, PREDICTIONS_FILE, folder)
        return pd.read_parquet(path)


def _hint(run: Run) -> str:
    parent = run.data.tags.get(PARENT_TAG)
    return f": it is one trial; its study is {parent}" if parent else ""
