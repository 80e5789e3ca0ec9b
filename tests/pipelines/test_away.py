"""MLflow away: down at the start, dying midway, answering nonsense or slowly."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.error import HTTPError
from urllib.request import Request, urlopen

import pytest

from pipelines.tracking import TrackingPlace, TrackingSession
from pipelines.tracking.rows import Point
from pipelines.tracking.server import MlflowServer, start_mlflow_server
from pipelines.tracking.session import recover_home
from pipelines.tracking.store import prepare_store

NOW = datetime(2026, 1, 1, tzinfo=UTC)
Behaviour = Callable[[int], int | None]
"""Of the number of requests so far: an HTTP status to answer with, None to pass the request on."""


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[MlflowServer]:
    home = tmp_path_factory.mktemp("server")
    with start_mlflow_server(home, port=0) as started:
        started.wait_until_ready(120)
        yield started


@contextmanager
def between(server: MlflowServer, behaves: Behaviour) -> Iterator[str]:
    """A door before the server that may answer in its place."""
    asked: list[str] = []

    class Door(BaseHTTPRequestHandler):
        def answer(self) -> None:
            asked.append(self.path)
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            status = behaves(len(asked))
            content = b"no"
            if status is None:
                status, content = self.passed_on(body)
            self.send_response(status)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def passed_on(self, body: bytes) -> tuple[int, bytes]:
            headers = {"Content-Type": self.headers.get("Content-Type") or "application/json"}
            request = Request(server.url + self.path, body or None, headers, method=self.command)
            try:
                with urlopen(request, timeout=120) as reply:
                    return reply.status, reply.read()
            except HTTPError as error:
                return error.code, error.read()

        do_GET = do_POST = do_PATCH = do_PUT = answer  # noqa: N815 - http.server names them

        def log_message(self, format: str, *args: Any) -> None:
            """Say nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Door) as door:
        thread = threading.Thread(target=door.serve_forever, daemon=True)
        thread.start()
        try:
            yield f"http://127.0.0.1:{door.server_port}"
        finally:
            door.shutdown()
            thread.join()


def a_study(home: Path, uri: str, name: str, epochs: int = 3) -> TrackingSession:
    """A study of two trials, recorded while MLflow does what it does."""
    place = TrackingPlace(uri, "", "clouds")
    session = TrackingSession(home / "spool" / name / f"one-{name}", place)
    with session.run("study") as study:
        study.start(name, now=NOW, found_by={"ripe.study": name})
        for number in range(2):
            with session.run(f"trial-{number:05d}") as trial:
                trial.start(f"#{number}", now=NOW, parent="study")
                trial.metrics(Point("loss", 1 / epoch, epoch, epoch) for epoch in range(1, epochs))
                trial.end("FINISHED", now=NOW)
        study.end("FINISHED", now=NOW)
    return session


def send_later(home: Path, session: TrackingSession, uri: str) -> None:
    """Send what waits, to where MLflow is now."""
    file = session.folder / "place.json"
    file.write_text(json.dumps({**json.loads(file.read_text()), "uri": uri}))
    assert sum(recover_home(home).values()) == 1
    until = time.monotonic() + 240
    while not session.is_sent():
        assert time.monotonic() < until, session.trouble()
        time.sleep(0.1)


def everything_is_there(uri: str, name: str) -> None:
    client = prepare_store(uri)
    place = client.get_experiment_by_name("clouds").experiment_id
    [study] = client.search_runs([place], f"tags.`ripe.study` = '{name}'")
    trials = client.search_runs([place], f"tags.`mlflow.parentRunId` = '{study.info.run_id}'")
    assert sorted(trial.info.run_name for trial in trials) == ["#0", "#1"]
    assert {one.info.status for one in (study, *trials)} == {"FINISHED"}
    for trial in trials:
        assert len(client.get_metric_history(trial.info.run_id, "loss")) == 2


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "0")


@pytest.mark.parametrize(
    ("name", "behaves"),
    [
        ("down", lambda asked: 503),
        ("dying", lambda asked: None if asked < 8 else 500),
        ("refusing", lambda asked: 401),
    ],
)
def test_rows_wait_with_a_reason_and_are_sent_whole_later(tmp_path, server, name, behaves):
    with between(server, behaves) as uri:
        session = a_study(tmp_path, uri, name)
        session.close(timeout_seconds=240)
    assert not session.is_sent()
    assert session.trouble() is not None
    session.forget()
    assert session.folder.exists()
    assert (session.folder / "writer.log").read_text().count("rows wait in") == 1
    send_later(tmp_path, session, server.url)
    everything_is_there(server.url, name)


def test_a_server_that_comes_back_while_the_study_runs_gets_everything(tmp_path, server):
    with between(server, lambda asked: 500 if 4 <= asked <= 6 else None) as uri:
        session = a_study(tmp_path, uri, "shaken")
        session.close(timeout_seconds=240)
    assert session.is_sent()
    assert session.trouble() is None
    everything_is_there(server.url, "shaken")


def test_a_slow_server_only_takes_longer(tmp_path, server):
    def slowly(asked: int) -> None:
        time.sleep(0.3)

    with between(server, slowly) as uri:
        began = time.perf_counter()
        session = a_study(tmp_path, uri, "slow", epochs=3)
        recorded = time.perf_counter() - began
        session.close(timeout_seconds=240)
        sent = time.perf_counter() - began
    assert recorded < sent
    everything_is_there(server.url, "slow")


def test_runs_go_into_a_postgresql_too(tmp_path, postgres):
    pytest.importorskip("psycopg")
    uri = postgres.url(postgres.new_database())
    session = a_study(tmp_path, uri, "in-postgresql")
    session.close(timeout_seconds=240)
    assert session.trouble() is None
    everything_is_there(uri, "in-postgresql")
