"""Finding the report that somebody means: of a study, of an experiment's newest study, of a run."""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import unquote, urlsplit

from competition.errors import did_you_mean
from experiments.errors import MissingReport
from experiments.ledger.predictions import PARENT_TAG, find_run, open_tracking
from experiments.reporting.building import REPORT_FOLDER, Report, build_report, kept_report
from experiments.reporting.material import EXPERIMENT, read_experiment

if TYPE_CHECKING:
    from mlflow import MlflowClient
    from mlflow.entities import Run

STUDIES = "studies"
SUMMARY = "summary.json"
STUDY_TAG = "ripe.study"
RUN_ID = re.compile(r"[0-9a-f]{4,32}")


def find_report(
    home: Path, what: str | None = None, *, baselines: Iterable[str] = (), uri: str | None = None
) -> Report:
    """Return the report of a study; it is made where there is none yet.

    Parameters
    ----------
    home : pathlib.Path
    what : str, optional
        A study's name or its first letters, an experiment's name, a study's folder, or an MLflow
        run. Default: the study that was finished last.
    baselines : iterable of str
        Baselines to add to the report, which is then made anew.
    uri : str, optional
        MLflow tracking address, for a run.

    Raises
    ------
    MissingReport
        When no single study is meant, or it left nothing to make a report of.
    UnknownRun
        When no single run is meant.
    """
    wanted = tuple(baselines)
    study = _study(home, what)
    if study is not None:
        return _of_study(study, wanted)
    if what is None or not RUN_ID.fullmatch(what):
        raise MissingReport(_no_study(home, what))
    return _of_run(home, what, wanted, uri)


def finished_studies(home: Path) -> list[Path]:
    """Return the folders of the finished studies of a home, the one finished last first."""
    found = [path.parent for path in (home / STUDIES).glob(f"*/{SUMMARY}")]
    return sorted(found, key=lambda folder: -(folder / SUMMARY).stat().st_mtime_ns)


def _study(home: Path, what: str | None) -> Path | None:
    studies = finished_studies(home)
    if what is None:
        return studies[0] if studies else None
    if (Path(what) / SUMMARY).is_file():
        return Path(what)
    of_experiment = [one for one in studies if one.name.rpartition("-")[0] == what]
    if of_experiment:
        return of_experiment[0]
    begun = [one for one in studies if one.name.startswith(what)]
    exact = [one for one in begun if one.name == what]
    if len(begun) > 1 and not exact:
        names = ", ".join(one.name for one in begun[:3])
        raise MissingReport(f"several studies begin with {what!r}: {names} ...; give more of it")
    return next(iter(exact or begun), None)


def _no_study(home: Path, what: str | None) -> str:
    if what is None:
        return f"there is no finished study in {home} yet; start one: ripe run avocado_ripeness"
    names = [one.name for one in finished_studies(home)]
    near = did_you_mean(what, [*names, *(name.rpartition("-")[0] for name in names)])
    return f"no finished study or run is called {what!r}{near}; 'ripe runs' lists them"


def _of_study(study: Path, baselines: tuple[str, ...]) -> Report:
    kept = kept_report(study)
    fresh = kept is not None and kept.page.stat().st_mtime >= (study / SUMMARY).stat().st_mtime
    if kept is not None and fresh and not baselines:
        return kept
    return build_report(study, {*_wished(study), *baselines})


def _wished(study: Path) -> list[str]:
    if not (study / EXPERIMENT).is_file():
        return []
    return list(read_experiment(study).report.baselines)


def _of_run(home: Path, what: str, baselines: tuple[str, ...], uri: str | None) -> Report:
    client = open_tracking(home, uri)
    run = _study_run(client, find_run(client, what))
    kept = None if baselines else _artifact(client, run)
    if kept is not None:
        return kept
    studies = {one.name: one for one in finished_studies(home)}
    study = studies.get(run.data.tags.get(STUDY_TAG, ""))
    if study is None:
        raise MissingReport(
            f"run {run.info.run_id} holds no such report, and its study's files are not in "
            f"{home / STUDIES}, where one could be made of them; finish it with 'ripe run'"
        )
    return _of_study(study, baselines)


def _study_run(client: MlflowClient, run: Run) -> Run:
    """Return the run of the study that a trial's run belongs to, or the study's own."""
    parent = run.data.tags.get(PARENT_TAG)
    return run if parent is None else client.get_run(parent)


def _artifact(client: MlflowClient, run: Run) -> Report | None:
    names = {one.path for one in client.list_artifacts(run.info.run_id)}
    if REPORT_FOLDER not in names:
        return None
    report = Report(_fetched(client, run))
    return report if report.is_whole else None


def _fetched(client: MlflowClient, run: Run) -> Path:
    """Return where the report's folder lies on this machine, fetched only where it must be."""
    address = urlsplit(str(run.info.artifact_uri))
    here = Path(unquote(address.path)) / REPORT_FOLDER
    if address.scheme in ("", "file") and here.is_dir():
        return here
    return Path(client.download_artifacts(run.info.run_id, REPORT_FOLDER))
