"""`ripe demo` in a home of its own, as a newcomer runs it: twice."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

RIPE = Path(sys.executable).with_name("ripe")
USER = "avo-learner"


def ripe(home: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run the command from a folder that holds nothing, with a decoy Kaggle token in HOME."""
    elsewhere = home.parent / "elsewhere"
    (elsewhere / ".kaggle").mkdir(parents=True, exist_ok=True)
    (elsewhere / ".kaggle" / "access_token").write_text("a-real-kaggle-token")
    return subprocess.run(
        [RIPE, "--home", home, *arguments],
        cwd=elsewhere,
        env={"PATH": os.environ["PATH"], "HOME": str(elsewhere), "LANG": "C.UTF-8"},
        capture_output=True,
        text=True,
        timeout=600,
    )


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("demo") / "home"


@pytest.fixture(scope="module")
def demos(home: Path) -> list[str]:
    """What two demos print."""
    printed = []
    for _ in range(2):
        done = ripe(home, "demo", "--trials", "4", "--port", "0", "--mlflow-port", "0")
        assert done.returncode == 0, done.stderr
        printed.append(done.stdout)
    return printed


def board(home: Path) -> list[dict[str, object]]:
    """The board as the store holds it."""
    from competition.store import open_store, public_board

    with open_store(home) as store:
        return [
            {"team": row.team, "rank": row.rank, "score": row.score, "entries": row.entries}
            for row in public_board(store, "avocado-ripeness")
        ]


def test_it_ends_by_itself_where_there_is_no_terminal(demos: list[str]) -> None:
    assert "Done in" in demos[0]
    assert "Still serving" not in demos[0]


def test_the_participant_beats_the_baselines_and_its_row_is_marked(
    demos: list[str], home: Path
) -> None:
    rows = board(home)
    assert [row["rank"] for row in rows] == [1, None, None, None]
    assert rows[0]["team"] == USER
    assert f"→ 1   {USER}" in demos[0]


def test_a_second_demo_takes_another_seed_and_adds_an_entry_to_the_same_board(
    demos: list[str], home: Path
) -> None:
    assert "Training seed 1." in " ".join(demos[0].split())
    assert "Training seed 2." in " ".join(demos[1].split())
    assert board(home)[0]["entries"] == 2


def test_it_prints_addresses_of_the_board_and_of_mlflow(demos: list[str]) -> None:
    assert re.search(
        r"leaderboard\s+http://127\.0\.0\.1:\d+/competitions/avocado-ripeness/leaderboard", demos[0]
    )
    assert re.search(r"MLflow\s+http://127\.0\.0\.1:\d+", demos[0])
    page = re.search(r"report\s+file://(\S+)", demos[0])
    assert page and Path(page.group(1)).is_file()


@pytest.mark.usefixtures("demos")
def test_every_trial_is_a_tracked_run_below_its_study(home: Path) -> None:
    done = ripe(home, "runs", "--json")
    assert done.returncode == 0, done.stderr
    assert len(json.loads(done.stdout)) >= 2
    from mlflow import MlflowClient

    client = MlflowClient(f"sqlite:///{home}/mlflow.db")
    experiment = client.get_experiment_by_name("avocado-ripeness")
    runs = client.search_runs([experiment.experiment_id])
    parents = [run for run in runs if "mlflow.parentRunId" not in run.data.tags]
    children = [run for run in runs if "mlflow.parentRunId" in run.data.tags]
    assert len(parents) == 2
    assert len(children) == 8
    assert {run.info.status for run in runs} == {"FINISHED"}


@pytest.mark.usefixtures("demos")
def test_the_token_is_private_and_the_host_knows_only_its_hash(home: Path) -> None:
    client = home / "client.toml"
    assert client.stat().st_mode & 0o777 == 0o600
    token = next(iter(tomllib.loads(client.read_text())["tokens"].values()))
    for path in home.rglob("*"):
        if path.is_file() and path != client:
            assert token.encode() not in path.read_bytes(), f"{path} holds the token"


@pytest.mark.usefixtures("demos")
def test_the_submission_has_the_samples_exact_form(home: Path) -> None:
    sample = (home / "data" / "avocado-ripeness" / "sample_submission.csv").read_text().splitlines()
    sent = next(iter((home / "submissions").glob("*.csv"))).read_text().splitlines()
    assert sent[0] == sample[0]
    assert [line.split(",")[0] for line in sent] == [line.split(",")[0] for line in sample]


def test_nothing_keeps_running(demos: list[str], home: Path) -> None:
    assert demos
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            line = (folder / "cmdline").read_bytes().decode(errors="replace")
        except OSError:
            continue
        assert str(home) not in line, line
