"""Studies that are stopped, killed, or started twice at once."""

from __future__ import annotations

import hashlib
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import optuna
import pytest
from optuna.trial import TrialState

from experiments import run_experiment
from experiments.definition.loading import parse_experiment
from experiments.study.identity import place_of
from pipelines.search.study import join_study
from pipelines.tracking.store import prepare_store

DEADLINE_SECONDS = 240


@pytest.fixture(scope="module")
def long_content(small_experiment):
    """The content of an experiment whose later batches take long enough to be stopped."""
    return small_experiment(
        name="long",
        validation={"folds": 2},
        network={"max_epochs": 300},
        search={"trials": 1000, "batch": 2},
        ensemble={"seeds": 1},
    )


PIPES = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}


def start(begin: Callable[..., subprocess.Popen], home: Path, content: dict) -> subprocess.Popen:
    file = home / "long.toml"
    sections = {key: value for key, value in content.items() if isinstance(value, dict)}
    plain = {key: value for key, value in content.items() if key not in sections}
    lines = [f"{key} = {json.dumps(value)}" for key, value in plain.items()]
    for name, section in sections.items():
        lines.append(f"[{name}]")
        lines += [f"{key} = {_toml(value)}" for key, value in section.items()]
    file.write_text("\n".join(lines))
    command = (sys.executable, "-P", "-m", "ripe", "--home", str(home), "run", str(file))
    return begin(*command, **PIPES)


def _toml(value: object) -> str:
    if isinstance(value, dict):
        return "{" + ", ".join(f"{key} = {_toml(one)}" for key, one in value.items()) + "}"
    return json.dumps(value)


def studies(home: Path) -> list[optuna.Study]:
    journals = (home / "studies").glob("*.journal")
    return [join_study(place_of(home, path.stem)) for path in journals]


def wait_for_trials(home: Path, count: int) -> None:
    until = time.monotonic() + DEADLINE_SECONDS
    while time.monotonic() < until:
        done = [
            trial
            for study in studies(home)
            for trial in study.get_trials(states=(TrialState.COMPLETE,))
        ]
        if len(done) >= count:
            return
        time.sleep(0.1)
    raise AssertionError("no trials in time")


def wait_until_sent(home: Path) -> None:
    until = time.monotonic() + DEADLINE_SECONDS
    while time.monotonic() < until:
        places = list(home.glob("spool/*/*/place.json"))
        sent = list(home.glob("spool/*/*/state.json"))
        if len(places) == len(sent) and all("sent" in one.read_text() for one in sent):
            return
        time.sleep(0.1)
    raise AssertionError("rows were not sent in time")


def runs_by_status(home: Path) -> dict[str, int]:
    client = prepare_store(f"sqlite:///{home.resolve() / 'mlflow.db'}")
    place = client.get_experiment_by_name("clouds").experiment_id
    counts: dict[str, int] = {}
    for run in client.search_runs([place]):
        if run.data.tags.get("ripe.experiment") == "long":
            counts[run.info.status] = counts.get(run.info.status, 0) + 1
    return counts


@pytest.mark.parametrize("signal_sent", [signal.SIGINT, signal.SIGTERM])
def test_a_stopped_study_leaves_nothing_running_and_says_how_to_go_on(
    small_home, long_content, signal_sent, begin
):
    process = start(begin, small_home, long_content)
    wait_for_trials(small_home, 2)
    process.send_signal(signal_sent)
    _, complaints = process.communicate(timeout=DEADLINE_SECONDS)
    assert process.returncode == 130, complaints
    assert "the same command continues this study" in complaints
    [study] = studies(small_home)
    assert not study.get_trials(states=(TrialState.RUNNING,))
    assert runs_by_status(small_home) == {"KILLED": 1}


def test_a_killed_study_is_mended_by_the_next_run(small_home, long_content, begin):
    process = start(begin, small_home, long_content)
    wait_for_trials(small_home, 2)
    process.kill()
    process.communicate()
    wait_until_sent(small_home)
    assert runs_by_status(small_home) == {"KILLED": 1}
    [study] = studies(small_home)
    before = study.get_trials()

    content = {**long_content, "search": {**long_content["search"], "trials": len(before) + 2}}
    result = run_experiment(parse_experiment(content, "long"), small_home)
    after = study.get_trials()
    assert not [trial for trial in after if trial.state is TrialState.RUNNING]
    assert result.new_trials > 0
    stale = [trial for trial in before if trial.state is TrialState.RUNNING]
    retried = [trial.user_attrs["retry_of"] for trial in after if "retry_of" in trial.user_attrs]
    assert retried == [trial.number for trial in stale]
    rates = [trial.params["learning_rate"] for trial in after if trial.state is TrialState.COMPLETE]
    assert len(set(rates)) == len(rates)
    assert runs_by_status(small_home) == {"FINISHED": 1}


def test_trials_killed_before_they_were_drawn_do_not_repeat_the_next_ones(
    small_home, small_experiment
):
    content = small_experiment(name="undrawn", search={"trials": 2, "batch": 2})
    run_experiment(parse_experiment(content, "undrawn"), small_home)
    [study] = [study for study in studies(small_home) if study.study_name.startswith("undrawn")]
    for _ in range(2):
        study.ask()  # asked for, and its process gone before it drew any parameter
    content["search"] = {**content["search"], "trials": 6}
    run_experiment(parse_experiment(content, "undrawn"), small_home)
    after = study.get_trials(states=(TrialState.COMPLETE,))
    assert len(after) == 6
    assert len({trial.params["learning_rate"] for trial in after}) == 6


def test_searches_at_once_on_a_fresh_home_do_not_race_and_predict_as_anywhere(
    small_home, small_experiment, finished, begin
):
    (small_home / "mlflow.db").unlink()
    contents = [small_experiment(), small_experiment(seed=7)]
    processes = [start_one(begin, small_home, content) for content in contents]
    digests = []
    for process in processes:
        said, complaints = process.communicate(timeout=DEADLINE_SECONDS)
        assert process.returncode == 0, complaints
        digests.append(said.strip())
    client = prepare_store(f"sqlite:///{small_home.resolve() / 'mlflow.db'}")
    runs = client.search_runs([client.get_experiment_by_name("clouds").experiment_id])
    assert len(runs) == 2 * 5
    assert {run.info.status for run in runs} == {"FINISHED"}
    here = finished[0].predictions.to_csv(index=False).encode()
    assert digests[0] == hashlib.sha256(here).hexdigest()


def test_a_search_begun_twice_at_once_is_shared_and_both_finish_it_alike(
    small_home, long_content, begin
):
    content = {**long_content, "search": {**long_content["search"], "trials": 12}}
    processes = [start_one(begin, small_home, content) for _ in range(2)]
    digests = set()
    for process in processes:
        said, complaints = process.communicate(timeout=DEADLINE_SECONDS)
        assert process.returncode == 0, complaints
        digests.add(said)
    assert len(digests) == 1
    [study] = studies(small_home)
    assert len(study.get_trials(states=(TrialState.COMPLETE,))) == len(study.trials) == 12


def start_one(
    begin: Callable[..., subprocess.Popen], home: Path, content: dict
) -> subprocess.Popen:
    code = (
        "import sys, json, hashlib; from pathlib import Path\n"
        "from experiments import run_experiment\n"
        "from experiments.definition.loading import parse_experiment\n"
        "r = run_experiment(parse_experiment(json.loads(sys.argv[2]), 'x'), Path(sys.argv[1]))\n"
        "print(hashlib.sha256(r.predictions.to_csv(index=False).encode()).hexdigest())\n"
    )
    command = (sys.executable, "-P", "-c", code, str(home), json.dumps(content))
    return begin(*command, **PIPES, env={**os.environ, "OPENBLAS_NUM_THREADS": "1"})
