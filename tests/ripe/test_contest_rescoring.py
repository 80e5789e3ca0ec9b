"""``ripe contest rescore``, its old boards, the audit log and archives, on real entries."""

from __future__ import annotations

import json
import threading
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import pandas as pd
import pytest

from competition.building import build_contest_folder
from competition.queue import Worker
from competition.scoring.pool import shared_pool
from competition.store import add_contest, add_user, open_store, submit_entry
from competition.tables import read_table, write_table
from ripe.cli import main

NOW = datetime(2026, 3, 4, 12, tzinfo=UTC)


@dataclass(frozen=True)
class Done:
    """How a command ended."""

    returncode: int
    stdout: str
    stderr: str


@pytest.fixture
def ripe(tmp_path: Path, monkeypatch, capsys):
    """Run ``ripe`` on a home with a contest on which ann leads ben by accuracy."""
    monkeypatch.setenv("COLUMNS", "120")

    def run(*arguments: str | Path) -> Done:
        capsys.readouterr()
        with pytest.raises(SystemExit) as ended:
            main(["--home", str(tmp_path / "home"), *map(str, arguments)])
        output = capsys.readouterr()
        return Done(ended.value.code, output.out, output.err)

    return run


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """Rare labels: accuracy puts ann first, who never says yes; balanced accuracy puts ben."""
    labels = ["yes"] * 20 + ["no"] * 180
    frame = pd.DataFrame({"x": range(200), "y": labels})
    store = open_store(tmp_path / "home")
    folder = tmp_path / "home/contests/rare"
    build_contest_folder(folder, slug="rare", train=frame, targets=["y"], metric="accuracy")
    add_contest(store, folder, now=NOW)
    truth = read_table(folder / "solution.csv")[["id", "y"]]
    guess = truth["y"].where((truth["y"] == "yes") | (truth.index % 2 == 0), "yes")
    for name, prediction in (("ann", "no"), ("ben", guess)):
        add_user(store, name, now=NOW)
        write_table(truth.assign(y=prediction), tmp_path / "entry.csv")
        upload = store.files.put(tmp_path / "entry.csv")
        submit_entry(store, "rare", name, upload=upload, file_name="entry.csv", now=NOW)
    Worker(store, pool=shared_pool()).run(threading.Event(), once=True)
    store.close()
    return tmp_path / "home"


@pytest.fixture
def folder(ripe, home: Path, tmp_path: Path) -> Path:
    """The contest's folder with another metric."""
    assert ripe("contest", "export", "rare", tmp_path / "out").returncode == 0
    definition = tmp_path / "out/contest.toml"
    definition.write_text(definition.read_text().replace('"accuracy"', '"balanced_accuracy"'))
    return tmp_path / "out"


def test_an_update_that_would_score_differently_names_the_command_that_may(ripe, folder) -> None:
    done = ripe("contest", "update", folder, "--yes")
    assert done.returncode == 1
    assert "metric.name: accuracy -> balanced_accuracy" in done.stdout
    assert f"'ripe contest rescore {folder}' shows the new board first" in done.stderr


def test_a_rescore_shows_who_moves_and_swaps_only_when_told(ripe, folder) -> None:
    shown = ripe("contest", "rescore", folder)
    assert (shown.returncode, shown.stderr.startswith("ripe: nothing was changed")) == (1, True)
    assert "2 entries scored again, 2 with another result, 2 of 2 teams move" in shown.stdout
    assert json.loads(ripe("contest", "show", "rare", "--json").stdout)["metric"]["name"] == (
        "accuracy"
    )
    swapped = ripe("contest", "rescore", folder, "--yes")
    assert swapped.returncode == 0, swapped.stderr
    after = json.loads(ripe("contest", "show", "rare", "--json").stdout)
    assert after["metric"]["name"] == "balanced_accuracy"
    (old,) = json.loads(ripe("contest", "boards", "rare", "--json").stdout)
    assert [line["team"] for line in old["public"]] == ["ann", "ben"]
    assert "public board until" in ripe("contest", "boards", "rare").stdout
    assert "nothing has changed" in ripe("contest", "update", folder).stdout


def test_a_rescore_that_moves_nobody_shows_the_scores_that_change(ripe, home, tmp_path) -> None:
    ripe("contest", "export", "rare", tmp_path / "out")
    truth = read_table(tmp_path / "out/solution.csv")
    said_no_by_both = (truth["Usage"] == "Public") & (truth["y"] == "no") & (truth.index % 2 == 0)
    truth.loc[said_no_by_both.idxmax(), "y"] = "yes"
    write_table(truth, tmp_path / "out/solution.csv")
    done = ripe("contest", "rescore", tmp_path / "out", "--yes")
    assert "2 entries scored again, 2 with another result, 0 of 2 teams move" in done.stdout
    lines = {line.split()[0]: line.split() for line in done.stdout.splitlines() if line.strip()}
    for team in ("ann", "ben"):
        before, after = map(float, lines[team][-2:])
        assert before > after


def test_a_rescore_as_json_tells_every_team(ripe, home) -> None:
    done = ripe("contest", "rescore", "rare", "--yes", "--json")
    preview = json.loads(done.stdout)
    assert (preview["entries"], preview["changed"], preview["missing"]) == (2, 0, 0)
    assert {move["team"] for move in preview["moves"]} == {"ann", "ben"}


def test_the_audit_log_is_shown_and_whole(ripe, home) -> None:
    done = ripe("contest", "audit", "rare")
    assert done.returncode == 0
    assert "contest added" in done.stdout
    assert "the chain is whole" in done.stdout
    assert json.loads(ripe("contest", "audit", "rare", "--json").stdout)["problems"] == []


def test_an_archive_scores_again_without_the_home(ripe, home, tmp_path) -> None:
    archive = tmp_path / "rare.zip"
    done = ripe("contest", "export", "rare", archive, "--archive")
    assert "2 entries of 2 teams" in done.stdout
    home.rename(tmp_path / "gone")
    again = ripe("contest", "rescore", "--archive", archive)
    assert again.returncode == 0, again.stderr
    assert "0 came out differently; the same boards; audit log whole" in again.stdout
    assert json.loads(ripe("contest", "rescore", "--archive", archive, "--json").stdout)[
        "is_confirmed"
    ]


def test_an_archive_held_against_another_truth_ends_with_1(ripe, home, tmp_path) -> None:
    archive = tmp_path / "rare.zip"
    ripe("contest", "export", "rare", archive, "--archive", "--without-solution")
    refused = ripe("contest", "rescore", "--archive", archive)
    assert (refused.returncode, "give it with --solution" in refused.stderr) == (1, True)
    truth = read_table(home / "contests/rare/solution.csv")
    write_table(truth.assign(y="yes"), tmp_path / "other.csv")
    done = ripe("contest", "rescore", "--archive", archive, "--solution", tmp_path / "other.csv")
    assert done.returncode == 1
    assert "OTHER BOARDS" in done.stdout


def test_rescore_needs_one_target(ripe, home) -> None:
    assert ripe("contest", "rescore").returncode == 2
    assert ripe("contest", "rescore", "rare", "--archive", "x.zip").returncode == 2
