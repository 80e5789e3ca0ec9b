"""MLflow's part of ``benchmarks/search.py``: saving a model, sorting runs, the server."""

from __future__ import annotations

import os
import signal
import sqlite3
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from statistics import median

import numpy as np
from mlflow import MlflowClient
from mlflow.entities import Metric, Param, RunTag

from experiments import StudyResult
from experiments.study.finishing import MODEL_FOLDER
from pipelines.tracking.models import log_model
from pipelines.tracking.server import start_mlflow_server
from pipelines.tracking.store import analyze, prepare_store

SETTLE_SECONDS, MOST_SETTLE_SECONDS = 5.0, 60.0
RUNS_BY_CLIENT = 500


def model_logger(home: Path, result: StudyResult) -> Callable[[], object]:
    """Return what logs and registers a study's saved model."""
    client = prepare_store(f"sqlite:///{home / 'mlflow.db'}")
    folder, run_id = result.folder / MODEL_FOLDER, str(result.run_id)
    return lambda: log_model(client, run_id, folder, result.contest, "champion")


def make_runs(folder: Path, count: int) -> str:
    """Return the address of a database with so many runs.

    The first are made through MLflow's own client, the others are copies of their rows: the
    client alone would take minutes, and the database is thrown away.
    """
    uri = f"sqlite:///{folder / 'runs.db'}"
    client = prepare_store(uri)
    place = client.create_experiment("many", artifact_location=str(folder / "artifacts"))
    generator = np.random.default_rng(0)
    first = min(count, RUNS_BY_CLIENT)
    for number in range(first):
        _make_run(client, place, number, generator.normal(size=8))
    with closing(sqlite3.connect(folder / "runs.db")) as connection, connection:
        for copy in range(1, count // first):
            _copy_runs(connection, f"{copy:012x}")
    return uri


def _make_run(client: MlflowClient, place: str, number: int, scores: np.ndarray) -> None:
    now = int(time.time() * 1000)
    run = client.create_run(place, start_time=now, tags={"ripe.kind": "trial"}).info.run_id
    metrics = [Metric(f"fold{n}/score", float(score), now, 0) for n, score in enumerate(scores)]
    client.log_batch(
        run,
        metrics=[Metric("cv.score", float(scores[0]), now, 0), *metrics],
        params=[Param("seed", str(number)), Param("learning_rate", f"{scores[1]:.4g}")],
        tags=[RunTag("optuna.state", "COMPLETE")],
    )


def _copy_runs(connection: sqlite3.Connection, prefix: str) -> None:
    """Copy the runs made by the client, under ids that begin otherwise."""
    for table in ("runs", "metrics", "latest_metrics", "params", "tags"):
        names = [row[1] for row in connection.execute(f"PRAGMA table_info({table})")]
        values = [
            f"'{prefix}' || substr(run_uuid, 13)" if name == "run_uuid" else f'"{name}"'
            for name in names
        ]
        connection.execute(
            f"INSERT INTO {table} SELECT {', '.join(values)} FROM {table} "
            "WHERE run_uuid IN (SELECT run_uuid FROM runs ORDER BY rowid LIMIT ?)",
            (RUNS_BY_CLIENT,),
        )


def sorted_search(uri: str, folder: Path) -> tuple[float, float]:
    """Return the seconds of a page of runs sorted by a metric, before and after `analyze`."""
    before = _seconds_of_page(uri, 1)
    analyze(uri)
    return before, _seconds_of_page(uri, 5)


def _seconds_of_page(uri: str, times: int) -> float:
    client = MlflowClient(uri)
    place = client.get_experiment_by_name("many")
    seconds = []
    for _ in range(times):
        start = time.perf_counter()
        client.search_runs(
            [place.experiment_id], order_by=["metrics.`cv.score` DESC"], max_results=100
        )
        seconds.append(time.perf_counter() - start)
    return median(seconds)


@dataclass(frozen=True)
class Footprint:
    """What a server takes: seconds until it answers, processes, resident and proportional MiB."""

    seconds: float
    processes: int
    rss_mib: float
    pss_mib: float

    def __str__(self) -> str:
        return (
            f"answers after {self.seconds:.1f} s, {self.processes} processes, "
            f"{self.rss_mib:.0f} MiB resident, {self.pss_mib:.0f} MiB proportional"
        )


def default_server(folder: Path) -> Footprint:
    """Return the footprint of `mlflow server` as its documentation starts it."""
    port = "5987"
    database = f"sqlite:///{folder / 'default.db'}"
    prepare_store(database)
    bare = {name: value for name, value in os.environ.items() if not name.startswith("MLFLOW_")}
    command = [sys.executable, "-m", "mlflow", "server", "--backend-store-uri", database]
    with (folder / "default.log").open("wb") as log:
        began = time.perf_counter()
        process = subprocess.Popen(
            [*command, "--port", port],
            cwd=folder,
            env=bare,
            stdout=log,
            stderr=log,
            start_new_session=True,
        )
    try:
        _wait_for(f"http://127.0.0.1:{port}/health")
        return _footprint(process.pid, time.perf_counter() - began)
    finally:
        _end(process)


def own_server(folder: Path) -> Footprint:
    """Return the footprint of the server that `ripe up` and `ripe ui` start."""
    home = folder / "served"
    home.mkdir()
    prepare_store(f"sqlite:///{home / 'mlflow.db'}")
    began = time.perf_counter()
    with start_mlflow_server(home, port=0) as server:
        server.wait_until_ready()
        return _footprint(server.pid, time.perf_counter() - began)


def _wait_for(url: str) -> None:
    while True:
        try:
            with urllib.request.urlopen(url, timeout=2):
                return
        except (urllib.error.URLError, OSError):
            time.sleep(0.1)


def _footprint(pid: int, seconds: float) -> Footprint:
    """Add up a server's processes once they are all there: the job runner's come late."""
    until = time.monotonic() + MOST_SETTLE_SECONDS
    found = _sizes_of_family(pid)
    while time.monotonic() < until:
        time.sleep(SETTLE_SECONDS)
        before, found = found, _sizes_of_family(pid)
        if len(found) == len(before) and _resident(found) < 1.01 * _resident(before):
            break
    proportional = sum(pss for _, pss in found) / 1024
    return Footprint(seconds, len(found), _resident(found), proportional)


def _sizes_of_family(pid: int) -> list[tuple[int, int]]:
    family = [pid, *_descendants(pid)]
    return [size for one in family if (size := _sizes(one)) is not None]


def _resident(sizes: list[tuple[int, int]]) -> float:
    return sum(rss for rss, _ in sizes) / 1024


def _descendants(pid: int) -> list[int]:
    parents = {}
    for status in Path("/proc").glob("[0-9]*/stat"):
        try:
            parents[int(status.parent.name)] = int(status.read_text().rpartition(")")[2].split()[1])
        except OSError:
            continue
    found, front = [], [pid]
    while front:
        front = [child for child, parent in parents.items() if parent in front]
        found += front
    return found


def _sizes(pid: int) -> tuple[int, int] | None:
    """Return resident and proportional KiB of a process, None where it has ended."""
    try:
        lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
    except OSError:
        return None
    values = {line.split(":")[0]: int(line.split()[1]) for line in lines[1:]}
    return values["Rss"], values["Pss"]


def _end(process: subprocess.Popen[bytes]) -> None:
    for one in (*_descendants(process.pid), process.pid):
        try:
            os.kill(one, signal.SIGKILL)
        except ProcessLookupError:
            continue
    process.wait()
