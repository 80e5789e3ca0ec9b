"""`ripe worker` beside the host and on another machine."""

import os
import signal
import subprocess
import sys
from datetime import UTC, datetime

import pytest

from competition.queue.materials import contest_folder
from competition.store import Status, add_user, create_token, get_entry, submit_entry
from competition.store.contests import contest_record


@pytest.fixture
def waiting(store, new_contest, upload, now):
    """Two entries that wait for a score, and what they should get."""
    new_contest()
    return {
        submit_entry(
            store, "toy", "ada", upload=upload(text), file_name="a.csv", now=now
        ).ref: score
        for text, score in (("011010", 1.0), ("100101", 0.0))
    }


@pytest.fixture
def ripe():
    """Starts `ripe` with these arguments; what still runs at the end is killed."""
    children = []

    def start(*arguments, **options):
        command = [sys.executable, "-P", "-m", "ripe", *map(str, arguments)]
        children.append(
            subprocess.Popen(
                command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, **options
            )
        )
        return children[-1]

    yield start
    for child in children:
        child.kill()
        child.communicate()


def outcome(worker):
    output, errors = worker.communicate(timeout=120)
    return worker.returncode, output, errors


def test_a_worker_scores_what_waits_and_ends(ripe, store, waiting, tmp_path, database):
    arguments = ["--database", database] if database else []
    worker = ripe("--home", tmp_path / "home", "worker", "--once", *arguments)
    status, output, errors = outcome(worker)
    assert (status, errors) == (0, "")
    assert "Scoring entries with 1 slot" in output
    assert {ref: get_entry(store, ref).public_score for ref in waiting} == waiting


@pytest.mark.parametrize("database", ["postgresql"], indirect=True)
def test_a_worker_with_an_empty_home_needs_only_database_and_files(
    ripe, store, waiting, tmp_path, database
):
    elsewhere = tmp_path / "elsewhere"
    environment = {**os.environ, "RIPE_HOME": str(elsewhere), "RIPE_DATABASE": database}
    worker = ripe(
        "worker", "--once", "--slots", 2, "--files", tmp_path / "home" / "uploads", env=environment
    )
    assert outcome(worker)[0] == 0
    assert {ref: get_entry(store, ref).public_score for ref in waiting} == waiting
    assert not (elsewhere / "host.db").exists()


@pytest.mark.parametrize("database", ["postgresql"], indirect=True)
def test_a_worker_with_an_empty_home_fetches_the_files_from_the_host(
    ripe, store, waiting, tmp_path, database
):
    from competition.host.serving import running_host

    add_user(store, "operator", is_admin=True, now=datetime.now(UTC))
    token = create_token(store, "operator", now=datetime.now(UTC))
    elsewhere = tmp_path / "elsewhere"
    environment = {
        **os.environ,
        "RIPE_HOME": str(elsewhere),
        "RIPE_DATABASE": database,
        "RIPE_TOKEN": token,
    }
    with running_host(store) as address:
        worker = ripe("worker", "--once", "--files", address, env=environment)
        status, _, errors = outcome(worker)
    assert (status, errors) == (0, "")
    assert {ref: get_entry(store, ref).public_score for ref in waiting} == waiting


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_worker_that_is_asked_to_stop_leaves_nothing_half_done(
    ripe, store, waiting, tmp_path, database, number
):
    arguments = ["--database", database] if database else []
    worker = ripe("--home", tmp_path / "home", "worker", *arguments)
    assert worker.stdout.readline().startswith("Scoring entries")
    worker.send_signal(number)
    assert outcome(worker)[0] == 0
    statuses = {get_entry(store, ref).status for ref in waiting}
    assert statuses <= {Status.PENDING, Status.SCORED}


def test_a_database_that_cannot_be_reached_is_one_clear_line(ripe, tmp_path):
    worker = ripe("--home", tmp_path, "worker", "--database", "postgresql://127.0.0.1:1/x")
    status, _, errors = outcome(worker)
    assert status == 1
    assert errors.startswith("ripe: the database") and errors.count("\n") == 1


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
def test_a_home_that_was_moved_scores_by_its_own_files(store, waiting, tmp_path):
    folder = contest_folder(store, contest_record(store, "toy").version_id)
    solution = folder / "solution.csv"
    told = solution.read_bytes()
    solution.unlink()
    assert contest_folder(store, contest_record(store, "toy").version_id) == folder
    solution.unlink()
    solution.symlink_to(tmp_path / "where the home was" / "solution.csv")
    contest_folder(store, contest_record(store, "toy").version_id)
    assert solution.read_bytes() == told
