"""`ripe run` and `ripe runs` as a person calls them."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import click
import pytest

from competition.building import build_contest_folder
from pipelines.tracking import track
from ripe import cli
from ripe.commands.run.outcome import next_step
from ripe.console import command_line
from ripe.home import home_folder


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
        (("worker", "--study", "titanic"), "no study in"),
        (("runs", "--where", "cv.score >> 1"), "not >>"),
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


@pytest.mark.parametrize("words", [("demo",), ("run", "titanic"), ("study", "list")])
def test_a_home_behind_the_command_is_told_where_it_goes(tmp_path, words):
    done = ripe(tmp_path, *words, "--home", "x")
    assert done.returncode == 2
    command = " ".join(words[:1] if words[0] == "run" else words)
    assert f"--home goes before the command: ripe --home FOLDER {command} ..." in done.stderr
    assert "Did you mean" not in done.stderr


def test_a_program_gets_all_runs_and_a_person_is_told_of_those_not_shown(tmp_path):
    for number in range(3):
        with track(f"run {number}", home=tmp_path) as run:
            run.metrics({"cv.score": number / 4})
            with track(f"fold of {number}"):
                pass
    assert len(json.loads(ripe(tmp_path, "runs", "--json").stdout)) == 3
    assert len(json.loads(ripe(tmp_path, "runs", "--json", "--limit", "2").stdout)) == 2
    made = json.loads(ripe(tmp_path, "runs", "--kind", "hand-made", "--json").stdout)
    assert {run["name"] for run in made} >= {"fold of 0", "fold of 1", "fold of 2"}
    assert len(made) == 6
    assert "2 of 3; --limit N shows more" in ripe(tmp_path, "runs", "--limit", "2").stdout
    assert " of 3" not in ripe(tmp_path, "runs", "--limit", "3").stdout


@pytest.mark.parametrize(
    ("run_id", "contest", "line"),
    [
        ("0123456789", "clouds", "Submit it: ripe --home 'a b' submit --run 01234567 -c clouds"),
        (
            "0123456789",
            None,
            "Its predictions: studies/mine-1/predictions.parquet",
        ),
        (None, "clouds", "To submit it, wait until its run is sent: ripe --home 'a b' runs sends"),
    ],
)
def test_the_last_line_of_a_run_can_be_followed(run_id, contest, line):
    context = click.Context(cli.ripe, obj=Path("a b"))
    context.params["home"] = "a b"
    result = SimpleNamespace(
        run_id=run_id, contest=contest or "mine", folder=Path("studies/mine-1")
    )
    experiment = SimpleNamespace(name="mine", contest=contest)
    assert next_step(context, experiment, result).startswith(line)


@pytest.mark.parametrize(
    ("given", "variable", "options"),
    [
        (None, None, ""),
        (None, "/e", " --home /e"),
        ("h", "/e", " --home h"),
        ("it's", None, """ --home 'it'"'"'s'"""),
    ],
)
def test_a_command_line_names_the_home_that_is_not_the_usual_one(
    monkeypatch, given, variable, options
):
    monkeypatch.delenv("RIPE_HOME", raising=False)
    if variable:
        monkeypatch.setenv("RIPE_HOME", variable)
    context = click.Context(cli.ripe, obj=home_folder(given))
    context.params["home"] = given
    assert command_line(context, "runs") == f"ripe{options} runs"
