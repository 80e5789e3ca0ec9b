"""Run logs, the process that sends them, the server that shows them."""

from __future__ import annotations

import json
import os
import shutil
import signal
import socket
import sqlite3
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from pipelines.errors import TrackingProblem
from pipelines.tracking import RunLog, TrackingPlace, TrackingSession, read_rows, recover_sessions
from pipelines.tracking.filters import RunFilter
from pipelines.tracking.locking import locked
from pipelines.tracking.models import as_served
from pipelines.tracking.rows import Point
from pipelines.tracking.runs import list_runs, list_studies, list_trials
from pipelines.tracking.server import start_mlflow_server, ui_address, ui_addresses
from pipelines.tracking.session import LEISURE, recover_home
from pipelines.tracking.store import prepare_store

NOW = datetime(2026, 1, 1, tzinfo=UTC)


@pytest.fixture(scope="module")
def empty_store(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An MLflow database without runs; making its tables takes seconds."""
    file = tmp_path_factory.mktemp("store") / "mlflow.db"
    prepare_store(f"sqlite:///{file}")
    return file


@pytest.fixture
def place(tmp_path: Path, empty_store: Path) -> TrackingPlace:
    with (
        closing(sqlite3.connect(empty_store)) as source,
        closing(sqlite3.connect(tmp_path / "mlflow.db")) as copy,
    ):
        source.backup(copy)
    return TrackingPlace.in_home(tmp_path, "clouds")


def log_study(session: TrackingSession, *, ends: bool = True) -> None:
    with session.run("study") as study:
        study.start("small", now=NOW, found_by={"ripe.study": "small-1"})
        study.tags({"ripe.kind": "study", "contest": "clouds"})
        study.view(lowest_first=False)
        with session.run("trial-00000") as trial:
            trial.start("trial 0", now=NOW, parent="study")
            trial.tags({"ripe.kind": "trial"})
            trial.parameters({"rate [per step]": 0.1})
            trial.metrics(Point("loss", 1.0 / (step + 1), step, step) for step in range(1500))
            trial.metrics([Point("cv.score", 0.9, 0, 0), Point("bad", float("nan"), 0, 0)])
            trial.end("FINISHED", now=NOW)
        if ends:
            study.end("FINISHED", now=NOW)


def test_rows_are_read_up_to_the_last_whole_line(tmp_path):
    with RunLog(tmp_path / "run.jsonl") as log:
        log.start("a", now=NOW)
        log.tags({"b": "c"})
    whole = (tmp_path / "run.jsonl").stat().st_size
    with (tmp_path / "run.jsonl").open("a") as stream:
        stream.write('{"row": "tags", "val')
    rows, offset = read_rows(tmp_path / "run.jsonl")
    assert [row["row"] for row in rows] == ["start", "tags"]
    assert offset == whole
    assert read_rows(tmp_path / "run.jsonl", offset) == ([], whole)


def test_a_session_is_sent_whole_and_a_later_one_continues_its_study(tmp_path, place):
    session = TrackingSession(tmp_path / "spool" / "study" / "one", place)
    log_study(session)
    ids = session.close()
    assert session.trouble() is None
    client = prepare_store(place.uri)
    trial = client.get_run(ids["trial-00000"])
    assert trial.data.tags["mlflow.parentRunId"] == ids["study"]
    assert trial.data.params == {"rate _per step_": "0.1"}
    assert "bad" not in trial.data.metrics
    assert len(client.get_metric_history(trial.info.run_id, "loss")) == 1500
    assert trial.info.status == client.get_run(ids["study"]).info.status == "FINISHED"

    again = TrackingSession(tmp_path / "spool" / "study" / "two", place)
    log_study(again)
    assert again.close()["study"] == ids["study"]
    [summary] = list_studies(tmp_path)
    assert (summary.name, summary.contest, summary.state) == ("small", "clouds", "FINISHED")
    assert [one.score for one in list_trials(tmp_path, summary.run_id[:8])] == [0.9, 0.9]


def test_a_run_without_an_end_is_closed_as_killed(tmp_path, place):
    session = TrackingSession(tmp_path / "spool" / "study" / "one", place)
    log_study(session, ends=False)
    run = prepare_store(place.uri).get_run(session.close()["study"])
    assert run.info.status == "KILLED"
    assert run.data.tags["stop.reason"] == "died"


def test_a_writer_that_is_killed_is_replaced_while_the_run_goes_on(tmp_path, place, caplog):
    session = TrackingSession(tmp_path / "spool" / "small" / "one", place)
    study = session.run("study")
    study.start("small", now=NOW)
    wait_for(lambda: bool(session.run_ids()))
    first = session.run_ids()["study"]
    kill_writer(session)
    with session.run("trial-00000") as trial:
        trial.start("trial 0", now=NOW, parent="study")
        trial.end("FINISHED", now=NOW)
    wait_for(lambda: len(session.run_ids()) == 2)
    kill_writer(session)
    study.end("FINISHED", now=NOW)
    study.close()
    assert session.close()["study"] == first
    assert session.is_sent()
    assert caplog.text.count("another one is started") == 2
    client = prepare_store(place.uri)
    assert {client.get_run(one).info.status for one in session.run_ids().values()} == {"FINISHED"}
    session.forget()
    assert not (tmp_path / "spool" / "small").exists()


def test_a_writer_that_gives_way_does_so_to_other_sessions_too_and_when_it_is_replaced(
    tmp_path, place
):
    def niceness() -> set[int]:
        pid = session._writer.pid
        group = Path(f"/proc/{pid}/autogroup")  # without root it changes ten times a second at most
        told = group.read_text().split()[-1:] if group.exists() and os.geteuid() == 0 else []
        return {os.getpriority(os.PRIO_PROCESS, pid), *map(int, told)}

    session = TrackingSession(tmp_path / "spool" / "small" / "one", place)
    session.give_way()
    assert niceness() == {LEISURE}
    kill_writer(session)
    log_study(session)
    assert niceness() == {LEISURE}
    session.close()


def kill_writer(session: TrackingSession) -> None:
    session._writer.kill()
    session._writer.wait()


def test_rows_wait_on_disk_while_the_server_is_down_and_are_sent_later(
    tmp_path, place, monkeypatch
):
    monkeypatch.setenv("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "0")
    folder = tmp_path / "spool" / "study" / "one"
    with socket.socket() as silent:  # bound, so that nobody else may answer there
        silent.bind(("127.0.0.1", 0))
        address = f"http://127.0.0.1:{silent.getsockname()[1]}"
        nowhere = TrackingPlace(address, str(tmp_path / "artifacts"), "clouds")
        session = TrackingSession(folder, nowhere)
        log_study(session)
        assert session.close(timeout_seconds=240) == {}
    assert session.trouble() is not None

    file = folder / "place.json"
    file.write_text(json.dumps({**json.loads(file.read_text()), "uri": place.uri}))
    assert recover_sessions(tmp_path / "spool" / "study") == 1
    from pipelines.tracking.locking import locked

    wait_for(lambda: bool(json.loads((folder / "state.json").read_text()).get("sent")))
    with locked(folder / "writer.lock"):
        assert len(list_trials(tmp_path, list_studies(tmp_path)[0].run_id)) == 1
    assert recover_sessions(tmp_path / "spool" / "study") == 0
    assert not folder.exists()


def test_a_session_whose_process_lives_is_not_recovered_and_a_sent_one_is_forgotten(
    tmp_path, place
):
    session = TrackingSession(tmp_path / "spool" / "study" / "one", place)
    assert recover_home(tmp_path) == {}
    log_study(session)
    session.forget()
    assert session.folder.exists()
    session.close()
    assert session.is_sent()
    session.forget()
    assert not session.folder.exists()
    assert recover_home(tmp_path) == {}


def test_a_session_that_another_process_just_forgot_is_not_sent_and_leaves_nothing(
    tmp_path, place, monkeypatch
):
    session = TrackingSession(tmp_path / "spool" / "study" / "one", place)
    log_study(session)
    session.close()

    def locked_late(*given: Any, **named: Any) -> Any:
        session.forget()
        return locked(*given, **named)

    monkeypatch.setattr("pipelines.tracking.session.locked", locked_late)
    assert recover_home(tmp_path) == {}
    assert not list((tmp_path / "spool").glob("*/*"))


def test_a_place_comes_from_the_home_the_caller_or_the_environment(tmp_path, monkeypatch):
    home = TrackingPlace.in_home(tmp_path, "clouds")
    assert home.uri == f"sqlite:///{tmp_path}/mlflow.db"
    assert home.artifacts == f"{tmp_path}/artifacts/clouds"
    monkeypatch.setenv("RIPE_TRACKING", "http://127.0.0.1:5000")
    served = TrackingPlace.in_home(tmp_path, "clouds")
    assert (served.uri, served.artifacts) == ("http://127.0.0.1:5000", "")
    monkeypatch.setenv("RIPE_ARTIFACTS", "s3://fruit/runs/")
    both = TrackingPlace.in_home(tmp_path, "clouds", "postgresql://ripe@db/ripe")
    assert both.uri == "postgresql://ripe@db/ripe"
    assert both.artifacts == "s3://fruit/runs/clouds"


def test_runs_are_found_by_contest_kind_state_and_conditions(tmp_path, place):
    session = TrackingSession(tmp_path / "spool" / "study" / "one", place)
    log_study(session)
    session.close()

    def names(**wanted: Any) -> list[str]:
        return [run.name for run in list_runs(tmp_path, RunFilter(**wanted))]

    assert names() == names(contest="clouds", state="finished") == ["small"]
    assert names(kind="trial", where="cv.score > 0.5 and params.rate _per step_ = 0.1") == [
        "trial 0"
    ]
    assert names(kind="trial", where="metrics.cv.score < 0.5") == []
    assert sorted(names(kind="all")) == ["small", "trial 0"]
    assert names(state="failed") == []
    assert list_runs(tmp_path, RunFilter(kind="trial"))[0].metrics["cv.score"] == 0.9
    with pytest.raises(TrackingProblem, match=r"runs on clouds; did you mean 'clouds'\?"):
        names(contest="cloud")


@pytest.mark.parametrize(
    ("where", "message"),
    [
        ("score", "a condition is NAME SIGN VALUE"),
        ("params.rate > 0.1", "its number is the metric 'hp.rate'"),
        ("metrics.cv.score = good", "is a number"),
        ("model = o'hara", "a quote in it"),
    ],
)
def test_a_condition_that_cannot_be_searched_for_is_told(where, message):
    with pytest.raises(TrackingProblem, match=message):
        RunFilter(where=where).condition()


def test_there_are_no_runs_before_the_first_and_looking_makes_no_database(tmp_path):
    assert list_studies(tmp_path) == []
    with pytest.raises(TrackingProblem, match="no runs in"):
        list_trials(tmp_path, "abc")
    assert list(tmp_path.iterdir()) == []


def test_the_server_shows_the_runs_of_a_home_and_ends_even_when_its_leader_was_killed(
    tmp_path, place
):
    writer = TrackingSession(tmp_path / "spool" / "study" / "one", place)
    log_study(writer)
    writer.close()
    with start_mlflow_server(tmp_path, port=0) as server:
        server.wait_until_ready(120)
        address = ui_address(server.url, "clouds")
        assert "/#/experiments/" in address
        assert ui_address(server.url, "nothing") == server.url
        assert ui_addresses(server.url) == {"clouds": address}
        with urllib.request.urlopen(server.url, timeout=120) as answer:
            assert answer.status == 200
        group = os.getpgid(server.pid)
        assert len(members(group)) > 1
        lines = [Path(f"/proc/{one}/cmdline").read_bytes() for one in members(group)]
        assert not [line for line in lines if b"sqlite:" in line]  # nor, elsewhere, a password
        os.kill(server.pid, signal.SIGKILL)
        server.wait()
        assert members(group)
    wait_for(lambda: not members(group))
    with pytest.raises(TrackingProblem, match="last words"):
        server.is_ready()


def test_the_server_dies_with_its_starter_even_when_that_is_killed(tmp_path, place):
    code = (
        "import sys; from pathlib import Path\n"
        "from pipelines.tracking.server import start_mlflow_server\n"
        "server = start_mlflow_server(Path(sys.argv[1]), port=0)\n"
        "print(server.pid, flush=True)\n"
        "server.wait()\n"
    )
    command = [sys.executable, "-P", "-c", code, str(tmp_path)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as starter:
        assert starter.stdout is not None
        group = int(starter.stdout.readline())
        wait_for(lambda: len(members(group)) > 1)
        starter.kill()
    wait_for(lambda: not members(group))


def members(group: int) -> list[int]:
    """Processes of a group that still run."""
    if shutil.which("ps") is None:
        pytest.skip("there is no ps here to list processes with")
    listed = subprocess.run(
        ["ps", "-e", "-o", "pgid=,stat=,pid="], capture_output=True, text=True, check=True
    )
    rows = [line.split() for line in listed.stdout.splitlines()]
    return [int(row[2]) for row in rows if int(row[0]) == group and not row[1].startswith("Z")]


def wait_for(holds: Callable[[], bool]) -> None:
    until = time.monotonic() + 240
    while not holds():
        assert time.monotonic() < until
        time.sleep(0.1)


def test_dates_that_signatures_cannot_hold_are_served_as_text():
    near = pd.Series(pd.to_datetime(["2024-01-01", None]))
    far = pd.Series(["9999-12-31", None]).astype("datetime64[us]")
    served = as_served(pd.DataFrame({"near": near, "far": far, "n": [1, 2]}))
    assert pd.api.types.is_datetime64_any_dtype(served["near"])
    assert served["far"].iloc[0] == "9999-12-31T00:00:00"
    assert pd.isna(served["far"].iloc[1])


def test_a_far_date_beyond_the_example_makes_text_of_its_column():
    table = pd.DataFrame({"until": ["2024-01-01"] * 9 + ["9999-12-31"]}, dtype="datetime64[us]")
    assert as_served(table.head(5), table)["until"].tolist() == ["2024-01-01T00:00:00"] * 5
