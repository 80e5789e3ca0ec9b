"""`ripe study` as a person calls it."""

from __future__ import annotations

import json
import shlex
import signal
import subprocess
import sys
import urllib.request
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import optuna
import pytest
from optuna.trial import TrialState

from experiments.definition.loading import load_experiment
from experiments.overviews.studies import list_studies, study_details
from experiments.study.terms import EXPERIMENT
from pipelines.search import StudyPlace, open_study
from pipelines.search.storage import close_study
from pipelines.search.study import REASON, drop_own_trials, join_study


def ripe(home: Path, *words: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-P", "-m", "ripe", "--home", str(home), *words]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def fill(study: optuna.Study, trials: int) -> None:
    """Six complete trials, one pruned, the rest failed."""
    study.sampler = optuna.samplers.RandomSampler(seed=0)
    for number in range(trials):
        trial = study.ask()
        rate = trial.suggest_float("learning_rate", 0.001, 0.1, log=True)
        if number < 6:
            study.tell(trial, 0.9 - abs(rate - 0.01))
        elif number == 6:
            study.tell(trial, state=TrialState.PRUNED)
        else:
            trial.set_user_attr(REASON, "training diverged")
            study.tell(trial, state=TrialState.FAIL)


def add_study(
    home: Path,
    name: str,
    experiment: str | None,
    trials: int,
    url: str | None = None,
    own: Mapping[str, Any] | None = None,
):
    study = open_study(
        StudyPlace(home / "studies" / f"{name}.journal", name, url), greater_is_better=True
    )
    if experiment:
        changed = [f"{key}={value}" for key, value in (own or {}).items()]
        content = load_experiment(experiment, changed).model_dump(mode="json")
        study.set_user_attr(EXPERIMENT, content)
    fill(study, trials)
    close_study(study)


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("studies") / "home"
    add_study(folder, "avocado_ripeness-aaaa", "avocado_ripeness", 9)
    add_study(folder, "avocado_ripeness-aabb", "avocado_ripeness", 0)
    add_study(folder, "foreign-cccc", None, 1)
    return folder


def test_the_studies_of_a_home_are_listed_with_what_came_of_them(home):
    studies = {one["name"]: one for one in json.loads(ripe(home, "study", "list", "--json").stdout)}
    full = studies["avocado_ripeness-aaaa"]
    assert full["states"] == {"COMPLETE": 6, "PRUNED": 1, "FAIL": 2}
    assert full["contest"] == "avocado-ripeness"
    assert 0.8 < full["best"] < 0.9
    assert studies["avocado_ripeness-aabb"]["best"] is None
    assert studies["foreign-cccc"]["experiment"] == "foreign"
    table = ripe(home, "study", "list").stdout
    assert "6 complete, 1 pruned, 2 failed" in table


def test_a_study_is_shown_with_what_mattered_what_failed_and_how_to_go_on(home):
    shown = ripe(home, "study", "show", "avocado_ripeness-aaaa").stdout
    assert "training diverged" in shown
    assert "learning_rate" in shown
    assert f"To go on: ripe --home {home} run avocado_ripeness --trials 24\n" in shown
    told = json.loads(ripe(home, "study", "show", "avocado_ripeness-aaaa", "--json").stdout)
    assert told["importances"] == {"learning_rate": 1.0}
    assert told["failures"] == {"7": "training diverged", "8": "training diverged"}


def test_a_study_gives_its_experiment_file_back(home, tmp_path):
    written = tmp_path / "again.toml"
    written.write_text(ripe(home, "study", "show", "avocado_ripeness-aaaa", "--toml").stdout)
    assert load_experiment(str(written)) == load_experiment("avocado_ripeness")


def test_the_line_that_goes_on_with_a_study_of_ones_own_leaves_ones_files_alone(tmp_path):
    home = tmp_path / "my home"
    add_study(home, "s3-dddd", "avocado_ripeness", 20, own={"name": "s3", "search.trials": 9})
    mine = tmp_path / "s3.toml"
    mine.write_text("mine")
    line = ripe(home, "study", "show", "s3").stdout.splitlines()[-1].removeprefix("To go on: ")
    first, second = (shlex.split(one) for one in line.split(" && "))
    assert first == [
        *("ripe", "--home", str(home)),
        *("study", "show", "s3-dddd", "--toml", "-o", "s3-dddd.toml"),
    ]
    assert second == ["ripe", "--home", str(home), "run", "s3-dddd.toml", "--trials", "40"]
    written = tmp_path / "s3-dddd.toml"
    words = ("study", "show", "s3-dddd", "--toml", "-o", str(written))
    assert ripe(home, *words).returncode == 0
    assert load_experiment(written).name == "s3"
    before = written.read_bytes()
    refused = ripe(home, *words)
    assert refused.returncode == 1
    assert "is there already" in refused.stderr
    assert (written.read_bytes(), mine.read_text()) == (before, "mine")


def test_trials_that_were_dropped_do_not_count_and_say_so(tmp_path):
    add_study(tmp_path, "titanic-eeee", "titanic", 0, own={"search.trials": 6})
    place = StudyPlace(tmp_path / "studies" / "titanic-eeee.journal", "titanic-eeee")
    study = join_study(place)
    fill(study, 6)
    for _ in range(3):
        study.ask()
    drop_own_trials(study, place)
    details = study_details(study)
    assert set(details.failures.values()) == {"interrupted"}
    assert details.to_continue[-1][-2:] == ("--trials", "12")


def test_an_experiments_name_means_its_study_active_last(home):
    shown = json.loads(ripe(home, "study", "show", "avocado_ripeness", "--json").stdout)
    assert shown["name"] == "avocado_ripeness-aaaa"


def test_plots_are_written_as_one_page(home, tmp_path):
    done = ripe(home, "study", "plot", "avocado_ripeness-aaaa", "-o", str(tmp_path / "out"))
    assert done.returncode == 0, done.stderr
    assert done.stderr == ""
    assert "Parallel coordinates" in (tmp_path / "out" / "plots.html").read_text()


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("show", "avocado"), "several studies begin with 'avocado'"),
        (("show", "avocado_ripeness-aacc"), "did you mean 'avocado_ripeness-aa"),
        (("plot", "avocado_ripeness-aaaa", "-o", "/dev/null/x"), "cannot write into /dev/null/x"),
        (("show", "foreign", "-o", "/dev/null/x", "--toml"), "keeps no experiment file"),
        (("show", "avocado_ripeness", "--toml", "-o", "/dev/null/x"), "cannot write /dev/null/x"),
        (("plot", "foreign"), "fewer than 2 complete trials"),
        (("show", "foreign", "--toml"), "keeps no experiment file"),
        (("list", "--storage", "mysql://a"), "a storage is postgresql://"),
    ],
)
def test_a_mistake_gets_one_clear_line(home, words, message):
    done = ripe(home, "study", *words)
    assert done.returncode == 1
    assert message in done.stderr
    assert done.stderr.count("\n") == 1


@pytest.mark.filterwarnings("ignore:Heartbeat of storage:UserWarning")  # asked for, not optimised
def test_studies_of_a_database_are_read_in_place_of_the_homes(tmp_path):
    url = f"sqlite:///{tmp_path / 'studies.db'}"
    add_study(tmp_path / "home", "shared-dddd", "titanic", 3, url)
    [study] = list_studies(tmp_path / "home", url)
    assert (study.name, study.states, study.contest) == ("shared-dddd", {"COMPLETE": 3}, "titanic")
    assert list_studies(tmp_path / "home") == []
    assert "ripe run" in ripe(tmp_path / "home", "study", "list").stdout


def test_the_dashboard_serves_a_study_until_it_is_interrupted(home):
    pytest.importorskip("optuna_dashboard", reason="pip install 'ripeness[dashboard]'")
    command = [sys.executable, "-u", "-P", "-m", "ripe", "--home", str(home)]
    words = ["study", "dashboard", "avocado_ripeness-aaaa", "--port", "0"]
    with subprocess.Popen(
        [*command, *words], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        address = process.stdout.readline().split()[1]
        try:
            found = answered(address.replace("/dashboard", "/api/studies"))
            assert "avocado_ripeness-aaaa" in found
            process.send_signal(signal.SIGINT)
            said, _ = process.communicate(timeout=120)
        finally:
            process.kill()
    assert process.returncode == 0
    assert said.endswith("Stopped.\n")


def answered(address: str) -> str:
    """What an address answers, once it does."""

    def ask() -> str | None:
        try:
            with urllib.request.urlopen(address, timeout=60) as answer:
                return answer.read().decode()
        except OSError:
            return None

    return patiently(ask)


def patiently(ask: Callable[[], str | None]) -> str:
    import time

    until = time.monotonic() + 120
    while (found := ask()) is None:
        assert time.monotonic() < until
        time.sleep(0.1)
    return found
