"""`ripe run` and `ripe runs` as a person calls them."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from competition.building import build_contest_folder


def ripe(home: Path, *words: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-P", "-m", "ripe", "--home", str(home), *words]
    return subprocess.run(command, capture_output=True, text=True, check=False)


@pytest.fixture
def titanic_home(tmp_path: Path, shared_data: Path) -> Path:
    folder = shared_data / "titanic"
    build_contest_folder(
        tmp_path / "contests" / "titanic",
        slug="titanic",
        train=folder / "train.csv",
        test=folder / "test.csv",
        solution=folder / "solution_from_titanic3.csv",
        targets=["Survived"],
        id_column="PassengerId",
        metric="accuracy",
    )
    return tmp_path


def test_the_shipped_titanic_experiment_beats_gender_submission(titanic_home, shared_data):
    import pandas as pd

    done = ripe(titanic_home, "run", "titanic", "--trials", "8", "--json")
    assert done.returncode == 0, done.stderr
    result = json.loads(done.stdout)
    file = titanic_home / "submission.csv"
    exported = ripe(titanic_home, "export", result["run_id"][:8], "-o", str(file))
    assert exported.returncode == 0, exported.stderr
    said = pd.read_csv(file, index_col="PassengerId")
    truth = pd.read_csv(shared_data / "titanic" / "solution_from_titanic3.csv", index_col=0)
    assert len(said) == 418
    assert (said["Survived"] == truth["Survived"].loc[said.index]).mean() > 0.76555

    listed = json.loads(ripe(titanic_home, "runs", "--json").stdout)
    assert [run["run_id"] for run in listed] == [result["run_id"]]
    trials = json.loads(
        ripe(
            titanic_home, "runs", "--trials", result["run_id"][:8], "--limit", "50", "--json"
        ).stdout
    )
    assert len(trials) == result["trials"]
    scores = [run["score"] for run in trials]
    assert scores == sorted(scores, reverse=True)

    pair = [run["run_id"][:12] for run in trials[:2]]
    compared = json.loads(ripe(titanic_home, "runs", "compare", *pair, "--json").stdout)
    assert [run["run_id"][:12] for run in compared["runs"]] == pair
    assert "seed" in compared["differences"]


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("run", "titanik"), "did you mean 'titanic'"),
        (("run", "titanic"), "ripe download titanic"),
        (("run", "titanic", "--set", "search.trails=3"), "did you mean 'trials'"),
        (("run", "titanic", "--model", "forest"), "did you mean 'random_forest'"),
        (("runs", "--trials", "abc"), "no runs in"),
        (("runs", "--where", "score"), "a condition is NAME SIGN VALUE"),
        (("runs", "--tracking", "http://127.0.0.1:9"), "does not answer"),
        (("runs", "compare", "abc", "def"), "no runs in"),
    ],
)
def test_a_mistake_gets_one_clear_line_and_leaves_nothing(tmp_path, words, message):
    home = tmp_path / "home"
    done = ripe(home, *words)
    assert done.returncode == 1
    assert message in done.stderr
    assert done.stderr.count("\n") == 1
    assert not home.exists()


def test_without_runs_the_command_says_how_to_start(tmp_path):
    assert "ripe run" in ripe(tmp_path, "runs").stdout
    assert json.loads(ripe(tmp_path, "runs", "--json").stdout) == []
