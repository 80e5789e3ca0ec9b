"""A participant's day: runs sent, scores brought in, the ledger read, the advice taken."""

from __future__ import annotations

import json
import shutil
import threading
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from click.testing import CliRunner, Result

from competition.queue import run_workers
from competition.store import change_contest, get_contest
from experiments.ledger.book import LEDGER_FILE, read_ledger
from experiments.ledger.predictions import open_tracking
from experiments.ledger.sending import submit_file, submit_run
from experiments.ledger.syncing import server_of, sync
from ripe.commands import submissions as submissions_command
from ripe.commands import sync as sync_command
from submissions import download_contest, fetch_board, list_entries, save_server

NOW = datetime(2026, 11, 23, tzinfo=UTC)


def scored(host: Any) -> bool:
    return all(entry.status != "pending" for entry in list_entries("fruit", host.server()))


@pytest.fixture(scope="module")
def day(
    host: Any, tmp_path_factory: pytest.TempPathFactory, empty_tracking: Path
) -> Iterator[Path]:
    """A home from which two runs and one file were sent, all scored on the host meanwhile."""
    home = tmp_path_factory.mktemp("day")
    save_server(home, host.url, host.token)
    download_contest(host.server(), "fruit", home / "data" / "fruit", now=NOW)
    shutil.copy(empty_tracking, home / "mlflow.db")
    client = open_tracking(home)
    place = client.create_experiment("fruit", (home / "artifacts").as_uri())
    sample = pd.read_csv(home / "data" / "fruit" / "sample_submission.csv")
    test = pd.read_csv(home / "data" / "fruit" / "test.csv")
    for threshold, cv in ((35, 0.99), (20, 0.75)):
        run = client.create_run(place, tags={"contest": "fruit", "metric": "accuracy"})
        for key, value in {"cv.score": cv, "cv.low": cv - 0.05, "cv.high": cv + 0.05}.items():
            client.log_metric(run.info.run_id, key, value)
        sample["ripe"] = (test["firmness"] < threshold).astype(int)
        sample.to_parquet(home / "predictions.parquet", index=False)
        client.log_artifact(run.info.run_id, str(home / "predictions.parquet"))
        submit_run(home, run.info.run_id, "fruit", f"threshold {threshold}", host.server())
    file = home / "data" / "fruit" / "sample_submission.csv"
    submit_file(home, file, "fruit", "the sample", host.server())
    stop = threading.Event()
    thread = threading.Thread(target=run_workers, args=(host.store, stop), daemon=True)
    thread.start()
    while not scored(host):
        stop.wait(0.2)
    yield home
    stop.set()
    thread.join()


@pytest.fixture
def run(day: Path) -> Callable[..., Result]:
    def call(module: Any, *arguments: str | Path) -> Result:
        return CliRunner().invoke(module.command, [str(a) for a in arguments], obj=day)

    return call


def test_sync_brings_scores_and_ranks_once(day: Path) -> None:
    report = sync(day, "fruit", now=NOW)
    assert report.entries == 3
    assert report.failures == ()
    lines = (day / LEDGER_FILE).read_text().splitlines()
    again = sync(day, now=NOW)
    assert again.changed == ()
    assert again.runs == 0
    assert (day / LEDGER_FILE).read_text().splitlines() == lines
    for entry in read_ledger(day):
        assert entry.last.public_score is not None
        assert entry.last.public_rank == 1
        assert entry.last.teams == 1


def test_the_runs_hear_of_their_scores(day: Path) -> None:
    sync(day, "fruit", now=NOW)
    client = open_tracking(day)
    for entry in read_ledger(day):
        if entry.run_id:
            told = client.get_run(entry.run_id).data
            assert told.metrics["leaderboard.public_score"] == entry.last.public_score
            assert told.tags["submission.ref"] == str(entry.ref)


def test_the_ledger_is_a_table_with_advice(run: Callable[..., Result], tmp_path: Path) -> None:
    assert run(sync_command, "fruit").exit_code == 0
    plot = tmp_path / "plot.png"
    shown = run(submissions_command, "fruit", "--plot", plot)
    assert shown.exit_code == 0, shown.output
    assert "Submissions to fruit" in shown.output
    assert "best by cross-validation" in shown.output
    assert "standard error" in shown.output
    assert plot.read_bytes().startswith(b"\x89PNG")


def test_programs_read_the_ledger_as_json(run: Callable[..., Result]) -> None:
    run(sync_command)
    (view,) = json.loads(run(submissions_command, "fruit", "--json").output)
    assert view["metric"] == "accuracy"
    assert [bool(entry["run_id"]) for entry in view["entries"]] == [True, True, False]
    assert view["entries"][0]["cv_score"] == 0.99
    assert view["advice"]["best_by_cv"] == view["entries"][0]["ref"]
    assert view["advice"]["pairs"] == 2


def test_a_contest_without_submissions_says_so(run: Callable[..., Result]) -> None:
    assert "No submission to other" in run(submissions_command, "other").output
    assert json.loads(run(submissions_command, "other", "--json").output) == []


def test_a_host_that_moved_to_another_port_is_found_again(day: Path, host: Any) -> None:
    assert server_of(day, "http://127.0.0.1:5").url == host.url
    assert server_of(day, "http://far.example:5").url == "http://far.example:5"
    assert server_of(day, "http://far.example:5").token is None


def test_a_server_that_does_not_answer_is_told_and_stops_nothing(
    host: Any, tmp_path: Path, make_line: Callable[..., Any]
) -> None:
    file = tmp_path / "s.csv"
    file.write_text("id,ripe\n1,1\n")
    submit_file(tmp_path, file, "fruit", "", host.server())
    save_server(tmp_path, "http://127.0.0.1:9", "t")
    report = sync(tmp_path, now=NOW)
    assert report.changed == ()
    assert "no host answers" in report.failures[0]
    outcome = CliRunner().invoke(sync_command.command, [], obj=tmp_path)
    assert outcome.exit_code == 1


def test_after_the_end_private_scores_and_ranks_come_in(
    day: Path, host: Any, run: Callable[..., Result]
) -> None:
    contest = get_contest(host.store, "fruit")
    ended = replace(contest, deadline=datetime.now(UTC) - timedelta(seconds=1))
    change_contest(host.store, "fruit", contest=ended, actor="ada", now=datetime.now(UTC))
    try:
        assert fetch_board(host.server(), "fruit", private=True).is_private
        assert sync(day, "fruit", now=datetime.now(UTC)).failures == ()
        client = open_tracking(day)
        for entry in read_ledger(day):
            assert entry.last.private_score is not None
            assert entry.last.private_rank == 1
            assert entry.first.public_rank == 1
            if entry.run_id:
                told = client.get_run(entry.run_id).data.metrics
                assert told["leaderboard.private_score"] == entry.last.private_score
                assert told["leaderboard.private_rank"] == 1
        assert "0.75 [0.7, 0.8]" in run(submissions_command, "fruit").output
    finally:
        change_contest(host.store, "fruit", contest=contest, actor="ada", now=datetime.now(UTC))
