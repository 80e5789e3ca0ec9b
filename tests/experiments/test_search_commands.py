"""`ripe run` and `ripe worker --study` as a person calls them."""

from __future__ import annotations

import json
import os
import pty
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from optuna.trial import TrialState

from experiments.definition.loading import parse_experiment
from experiments.definition.writing import format_experiment
from experiments.study.identity import place_of
from pipelines.search.storage import storage_url, study_names
from pipelines.search.study import join_study

DEADLINE_SECONDS = 240


@pytest.fixture
def start(begin: Callable[..., Any]) -> Callable[..., subprocess.Popen[str]]:
    """Starts `ripe` and goes on; what still runs at the end is killed."""
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}

    def start_ripe(home: Path, *words: str) -> subprocess.Popen[str]:
        return begin(sys.executable, "-P", "-m", "ripe", "--home", str(home), *words, **pipes)

    return start_ripe


@pytest.fixture
def ripe(start: Callable[..., subprocess.Popen[str]]) -> Callable[..., tuple[int, str, str]]:
    """Runs `ripe` to its end; gives its exit status and what it said."""

    def run(home: Path, *words: str) -> tuple[int, str, str]:
        process = start(home, *words)
        said, complaints = process.communicate(timeout=DEADLINE_SECONDS)
        return process.returncode, said, complaints

    return run


@pytest.fixture
def file(tmp_path: Path, small_experiment: Callable[..., dict[str, Any]]) -> Callable[..., str]:
    """Writes the file of a small experiment; sections given are merged in."""

    def write(**sections: Any) -> str:
        path = tmp_path / "small.toml"
        experiment = parse_experiment(small_experiment(**sections), "small")
        path.write_text(format_experiment(experiment))
        return str(path)

    return write


def test_workers_are_asked_for_on_the_command_line(small_home, file, ripe):
    status, said, complaints = ripe(small_home, "run", file(), "--workers", "2", "--json")
    assert status == 0, complaints
    result = json.loads(said)
    assert (result["trials"], result["notes"]) == (4, [])


def test_ctrl_c_stops_all_workers_and_says_how_to_go_on(small_home, file, start):
    content = file(
        network={"max_epochs": 3000}, ensemble={"seeds": 1, "greedy": False}, search={"batch": 1}
    )
    process = start(small_home, "run", content, "--workers", "2", "--trials", "1000")
    until = time.monotonic() + DEADLINE_SECONDS
    journals = small_home / "studies"
    while time.monotonic() < until:
        texts = [path.read_text() for path in journals.glob("*.journal")]
        if any(text.count('"owner"') >= 2 for text in texts):
            break
        time.sleep(0.1)
    process.send_signal(signal.SIGINT)
    _, complaints = process.communicate(timeout=DEADLINE_SECONDS)
    assert process.returncode == 130, complaints
    assert "the same command continues this study" in complaints
    [journal] = journals.glob("*.journal")
    study = join_study(place_of(small_home, journal.stem))
    assert not study.get_trials(states=(TrialState.RUNNING,))


def test_resuming_nothing_gets_one_clear_line(small_home, file, ripe):
    status, _, complaints = ripe(small_home, "run", file(), "--resume")
    assert status == 1
    assert complaints.count("\n") == 1
    assert "to continue; begin one without --resume" in complaints


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("run", "x", "--fresh", "--resume"), "give one of them"),
        (("worker", "--study", "x", "--once"), "is about scoring entries"),
        (("worker", "--tracking", "x"), "belong to --study NAME"),
    ],
)
def test_options_that_do_not_go_together_are_wrong_usage(tmp_path, words, message, ripe):
    status, _, complaints = ripe(tmp_path, *words)
    assert status == 2
    assert message in complaints


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("run", "titanic", "--storage", "studies.db"), "a storage is postgresql://"),
        (("worker", "--study", "none-1"), "has a name that begins with 'none-1'"),
    ],
)
def test_a_mistake_gets_one_clear_line(tmp_path, words, message, ripe):
    status, _, complaints = ripe(tmp_path, *words)
    assert status == 1
    assert message in complaints
    assert complaints.count("\n") == 1


def test_ripe_worker_joins_a_study_in_a_database_by_its_name(
    small_home, file, empty_database, clouds_home, copy_home, tmp_path, start, ripe
):
    other = copy_home(clouds_home, tmp_path / "other")
    head = start(small_home, "run", file(), "--workers", "0", "--storage", empty_database, "--json")
    until = time.monotonic() + DEADLINE_SECONDS
    while not (names := study_names(storage_url(empty_database))) and time.monotonic() < until:
        assert head.poll() is None, head.communicate()
        time.sleep(0.2)
    [name] = names
    status, said, complaints = ripe(other, "worker", "--study", name, "--storage", empty_database)
    assert status == 0, complaints
    assert "this worker tried 4 trials" in said
    result, complaints = head.communicate(timeout=DEADLINE_SECONDS)
    assert head.returncode == 0, complaints
    assert json.loads(result)["trials"] == 4


def test_the_terminal_shows_the_best_the_rate_and_the_time_left(small_home, file):
    content = file(
        network={"max_epochs": 1500}, search={"batch": 1}, ensemble={"seeds": 1, "greedy": False}
    )
    near, far = pty.openpty()
    command = [sys.executable, "-P", "-m", "ripe", "--home", str(small_home), "run", content]
    process = subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=far, env={**os.environ, "COLUMNS": "160"}
    )
    os.close(far)
    shown = b""
    while True:
        try:
            part = os.read(near, 4096)
        except OSError:
            break
        shown += part
    os.close(near)
    process.communicate(timeout=DEADLINE_SECONDS)
    text = shown.decode(errors="replace")
    assert process.returncode == 0, text
    assert "trials/min" in text
    assert " left" in text
    assert "best 0." in text


def test_a_study_without_a_space_says_what_stood(small_home, file, ripe):
    content = file(search={"trials": 1, "space": {}})
    status, said, complaints = ripe(
        small_home, "run", content, "--set", "network={}", "--set", "ensemble.seeds=1"
    )
    assert status == 0, complaints
    assert "One trial, with the defaults of its model" in said
    assert "()" not in said
