"""An archive alone gives the same scores and boards again, and shows what was changed in it."""

from __future__ import annotations

import json
import shutil
import threading
import zipfile
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from competition.archives import InvalidArchive
from competition.archiving import replay_archive, write_archive
from competition.building import SplitPlan, build_contest_folder
from competition.definition import MetricChoice
from competition.queue import Worker
from competition.scoring.pool import shared_pool
from competition.store import (
    Store,
    add_contest,
    add_user,
    open_store,
    private_board,
    public_board,
    select_final,
    solution_file,
    submit_entry,
)
from competition.tables import read_table, write_table

NOW = datetime(2026, 3, 4, 12, tzinfo=UTC)
OWN_METRIC = """
def score(solution, submission, row_id_column_name):
    return float((solution['y'] - submission['y']).abs().mean())
"""


def table(rows: int = 300) -> pd.DataFrame:
    rng = np.random.default_rng(3)
    x = rng.normal(size=rows).round(4)
    return pd.DataFrame({"x": x, "y": (x + rng.normal(0, 0.5, rows)).round(4)})


def make_contest(folder: Path, **options) -> Store:
    """Noisy entries of three teams, one of them late, one broken, a baseline and a trial."""
    source = folder / "metric_source.py"
    source.write_text(OWN_METRIC)
    build_contest_folder(
        folder / "contest",
        slug="fruit",
        train=table(),
        targets=["y"],
        metric_source=source,
        split=SplitPlan(test_fraction=0.5),
        max_daily_submissions=50,
        deadline=NOW + timedelta(days=1),
        **{"metric": "rmse", **options},
    )
    store = open_store(folder / "home")
    add_contest(store, folder / "contest", now=NOW)
    for name in ("host", "ann", "ben", "eve"):
        add_user(store, name, is_admin=name == "host", now=NOW)
    truth = read_table(folder / "contest/solution.csv")[["id", "y"]]
    rng = np.random.default_rng(11)
    for number in range(9):
        noise = rng.normal(0, 0.1 + 0.1 * (number % 4), len(truth)).round(4)
        user = ("ann", "ben", "eve")[number % 3]
        when = NOW + timedelta(minutes=number) + timedelta(days=2 * (number == 8))
        send(store, folder, truth.assign(y=truth["y"] + noise), user, when)
    send(store, folder, truth[1:], "ann", NOW)
    send(store, folder, truth.assign(y=0.0), "host", NOW, baseline=True)
    send(store, folder, truth, "host", NOW, sandbox=True)
    worker = Worker(store, pool=shared_pool(), clock=lambda: NOW + timedelta(days=3))
    worker.run(threading.Event(), once=True)
    select_final(store, "fruit", "ann", [1], now=NOW)
    return store


@pytest.fixture(scope="module")
def store(tmp_path_factory) -> Store:
    """A store with the contest in it; not to be changed."""
    return make_contest(tmp_path_factory.mktemp("archiving"))


@pytest.fixture(scope="module")
def solution(store: Store) -> Path:
    return solution_file(store, "fruit").path


@pytest.fixture
def archive(store: Store, tmp_path: Path) -> Path:
    write_archive(store, "fruit", tmp_path / "fruit.zip", now=NOW)
    return tmp_path / "fruit.zip"


def send(store: Store, folder: Path, frame: pd.DataFrame, user: str, now: datetime, **kind) -> int:
    path = folder / "entry.csv"
    write_table(frame, path)
    upload = store.files.put(path)
    options = {"file_name": "entry.csv", "description": "zeros", **kind}
    return submit_entry(store, "fruit", user, upload=upload, now=now, **options).ref


def changed(archive: Path, change: Callable[[dict[str, bytes]], None]) -> Path:
    """Rewrite an archive."""
    with zipfile.ZipFile(archive) as packed:
        members = {name: packed.read(name) for name in packed.namelist()}
    change(members)
    target = archive.with_name("changed.zip")
    with zipfile.ZipFile(target, "w") as packed:
        for name, content in members.items():
            packed.writestr(name, content)
    return target


OWN = MetricChoice("mine", file="metric.py", predicts="values", greater_is_better=False)


@pytest.mark.parametrize("options", [{"ladder": True}, {"metric": OWN}], ids=["ladder", "own"])
def test_the_same_boards_come_out_again_without_the_home(tmp_path: Path, options: dict) -> None:
    store = make_contest(tmp_path, **options)
    write_archive(store, "fruit", tmp_path / "fruit.zip", now=NOW)
    store.close()
    shutil.rmtree(tmp_path / "home")
    replay = replay_archive(tmp_path / "fruit.zip", workers=2)
    assert replay.is_confirmed, (replay.changed, replay.audit_problems)
    assert [line.rank for line in replay.public_board].count(None) == 1


def test_the_same_boards_come_out_again(store: Store, archive: Path) -> None:
    replay = replay_archive(archive, workers=2)
    assert replay.is_confirmed, (replay.changed, replay.audit_problems)
    assert [line.rank for line in replay.public_board] == [1, 2, 3, None]
    assert {entry.status for entry in replay.entries} == {"scored", "rejected"}
    assert len(replay.entries) == 12
    ann = next(team.id for team in replay.archive.teams if team.name == "ann")
    assert next(line for line in replay.private_board if line.team == ann).entry_ref == 1
    for lines, board in (
        (replay.public_board, public_board(store, "fruit")),
        (replay.private_board, private_board(store, "fruit")),
    ):
        assert [(line.rank, line.team, line.score) for line in lines] == [
            (row.rank, row.team_id, row.score) for row in board
        ]


def test_equal_contests_give_equal_bytes(store: Store, archive: Path, tmp_path: Path) -> None:
    write_archive(store, "fruit", tmp_path / "two.zip", now=NOW)
    assert archive.read_bytes() == (tmp_path / "two.zip").read_bytes()


def test_without_its_solution_an_archive_needs_it_from_elsewhere(
    store: Store, solution: Path, tmp_path: Path
) -> None:
    path = tmp_path / "fruit.zip"
    write_archive(store, "fruit", path, now=NOW, with_solution=False)
    with zipfile.ZipFile(path) as packed:
        assert not [name for name in packed.namelist() if "solution.csv" in name]
    with pytest.raises(InvalidArchive, match="give it with --solution"):
        replay_archive(path)
    assert replay_archive(path, solution=solution).is_confirmed


def test_another_solution_changes_scores_and_boards(
    archive: Path, solution: Path, tmp_path: Path
) -> None:
    other = read_table(solution)
    write_table(other.assign(y=other["y"][::-1].to_numpy()), tmp_path / "other.csv")
    replay = replay_archive(archive, solution=tmp_path / "other.csv")
    assert not replay.same_boards
    assert len(replay.changed) == 11


def test_a_changed_file_is_found(archive: Path) -> None:
    def touch(members: dict[str, bytes]) -> None:
        members["contest/solution.csv"] += b"\n"

    with pytest.raises(InvalidArchive, match=r"changed file: contest/solution\.csv"):
        replay_archive(changed(archive, touch))


def test_a_score_written_by_hand_is_found(archive: Path) -> None:
    def cheat(members: dict[str, bytes]) -> None:
        content = json.loads(members["archive.json"])
        entry = next(entry for entry in content["entries"] if entry["status"] == "scored")
        entry["public_score"] = entry["true_public_score"] = 0.0
        members["archive.json"] = json.dumps(content).encode()

    replay = replay_archive(changed(archive, cheat))
    assert [entry.entry.public_score for entry in replay.changed] == [0.0]
    assert not replay.is_confirmed


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        (lambda audit: audit[1].update(actor="nobody"), "record 2 was changed"),
        (lambda audit: audit.pop(1), "record 3 does not continue record 1"),
        (lambda audit: audit.pop(), "the audit log ends with record"),
    ],
)
def test_a_changed_audit_log_is_found(archive: Path, change, sentence: str) -> None:
    def cheat(members: dict[str, bytes]) -> None:
        content = json.loads(members["archive.json"])
        change(content["audit"])
        content["entries"] = []
        members["archive.json"] = json.dumps(content).encode()

    replay = replay_archive(changed(archive, cheat))
    assert any(sentence in problem for problem in replay.audit_problems)


@pytest.mark.parametrize(
    ("members", "sentence"),
    [
        ({"a.txt": b""}, "is no archive of a contest"),
        ({"archive.json": b"{}"}, "is of format None"),
        ({"archive.json": b'{"format": 1}'}, "broken"),
        ({"archive.json": b"nonsense"}, "broken"),
        ({"archive.json": b"[]"}, "broken"),
    ],
)
def test_another_zip_is_refused(tmp_path: Path, members: dict[str, bytes], sentence: str) -> None:
    with zipfile.ZipFile(tmp_path / "other.zip", "w") as packed:
        for name, content in members.items():
            packed.writestr(name, content)
    with pytest.raises(InvalidArchive, match=sentence):
        replay_archive(tmp_path / "other.zip")
