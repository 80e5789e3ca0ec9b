"""Confidence and alarms of contests in a store, with real entries scored by a real worker."""

import json
import threading
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from competition.building import SplitPlan, build_contest_folder
from competition.queue import Worker
from competition.scoring.pool import shared_pool
from competition.store import Store, add_contest, add_user, open_store, submit_entry
from competition.tables import read_table, write_table
from competition.watching import NoConfidence, contest_alarms, contest_confidence
from ripe.cli import main

NOW = datetime(2026, 3, 4, 12, tzinfo=UTC)
Send = Callable[..., None]


@pytest.fixture
def home_store(tmp_path: Path) -> Iterator[Store]:
    with open_store(tmp_path / "home") as opened:
        yield opened


@pytest.fixture
def truth(home_store: Store, tmp_path: Path) -> Callable[..., pd.DataFrame]:
    """Add a contest by a metric and give its truth."""

    def add(metric: str, **settings: object) -> pd.DataFrame:
        rng = np.random.default_rng(0)
        frame = pd.DataFrame({"x": rng.random(2000), "y": rng.integers(0, 2, 2000)})
        folder = tmp_path / "contest"
        build_contest_folder(
            folder,
            slug="watched",
            train=frame,
            targets=["y"],
            metric=metric,
            max_daily_submissions=99,
            max_pending_submissions_per_team=99,
            **settings,
        )
        add_contest(home_store, folder, now=NOW)
        return read_table(folder / "solution.csv")[["id", "y"]]

    return add


@pytest.fixture
def send(home_store: Store, tmp_path: Path) -> Send:
    """Send predictions as entries of a new user and have them scored."""

    def entries(user: str, *predictions: pd.DataFrame) -> None:
        add_user(home_store, user, now=NOW)
        for table in predictions:
            write_table(table, tmp_path / "entry.csv")
            upload = home_store.files.put(tmp_path / "entry.csv")
            submit_entry(home_store, "watched", user, upload=upload, file_name="entry.csv", now=NOW)
        Worker(home_store, pool=shared_pool()).run(threading.Event(), once=True)

    return entries


def wrong_in(truth: pd.DataFrame, share: float, seed: int) -> pd.DataFrame:
    errs = np.random.default_rng(seed).random(len(truth)) < share
    return truth.assign(y=np.where(errs, 1 - truth["y"], truth["y"]))


@pytest.mark.parametrize("metric", ["accuracy", "auc"])
def test_the_board_of_a_stored_contest_has_intervals(
    metric: str, truth: Callable[..., pd.DataFrame], send: Send, home_store: Store
) -> None:
    known = truth(metric)
    for user, share in (("ann", 0.05), ("ben", 0.3), ("cy", 0.31)):
        send(user, wrong_in(known, share, seed=len(user)), wrong_in(known, 0.5, seed=9))
    lines = contest_confidence(home_store, "watched")
    assert lines[0].team == "ann"
    assert [line.tie_group for line in lines] == [1, 2, 2]
    assert all(line.score_low < line.score < line.score_high for line in lines)
    assert (lines[0].rank_low, lines[0].rank_high) == (1, 1)
    assert contest_confidence(home_store, "watched") == lines


def test_the_ladder_hides_no_score_from_the_host(
    truth: Callable[..., pd.DataFrame], send: Send, home_store: Store
) -> None:
    known = truth("accuracy", ladder=True)
    send("ann", wrong_in(known, 0.2, seed=1))
    (line,) = contest_confidence(home_store, "watched")
    assert line.score_low < line.score < line.score_high
    assert line.score == pytest.approx(0.8, abs=0.08)


def test_one_row_flips_of_a_stored_contest_raise_the_alarm(
    truth: Callable[..., pd.DataFrame], send: Send, home_store: Store
) -> None:
    known = truth("accuracy")
    base = wrong_in(known, 0.4, seed=2)
    flips = [base.assign(y=base["y"].where(base.index != row, 1 - base["y"])) for row in range(3)]
    send("ann", base, *(flip.sample(frac=1, random_state=0) for flip in flips))
    send("ben", wrong_in(known, 0.3, seed=3))
    (alarm,) = contest_alarms(home_store, "watched")
    assert (alarm.rule, alarm.teams, len(alarm.refs)) == ("one_row_flips", ("ann",), 3)


def test_a_contest_without_public_rows_has_no_intervals(
    truth: Callable[..., pd.DataFrame], home_store: Store
) -> None:
    truth("accuracy", split=SplitPlan(public_fraction=0.0))
    with pytest.raises(NoConfidence, match="no row of its test set is public"):
        contest_confidence(home_store, "watched")
    assert contest_alarms(home_store, "watched") == []


def test_the_commands_tell_the_host(
    truth: Callable[..., pd.DataFrame],
    send: Send,
    home_store: Store,
    capsys: pytest.CaptureFixture[str],
) -> None:
    send("ann", wrong_in(truth("accuracy"), 0.2, seed=1))

    def ripe(*arguments: str) -> str:
        capsys.readouterr()
        with pytest.raises(SystemExit) as ended:
            main(["--home", str(home_store.home), "contest", *arguments])
        assert ended.value.code == 0
        return capsys.readouterr().out

    assert "ann" in ripe("confidence", "watched")
    assert json.loads(ripe("confidence", "watched", "--json"))[0]["tie_group"] == 1
    assert "no entry looks like probing" in ripe("probing", "watched")
    assert json.loads(ripe("probing", "watched", "--json")) == []


def test_the_command_tells_how_sure_the_final_board_is(
    home_store: Store,
    truth: Callable[..., pd.DataFrame],
    send: Send,
    capsys: pytest.CaptureFixture[str],
) -> None:
    table = truth("accuracy", score_truncation_num_decimals=3)
    send("ada", wrong_in(table, 0.1, 1))
    send("bob", wrong_in(table, 0.4, 2))
    home = str(home_store.home)
    with pytest.raises(SystemExit) as ended:
        main(["--home", home, "contest", "confidence", "watched", "--final", "--json"])
    lines = json.loads(capsys.readouterr().out)
    assert ended.value.code == 0
    assert [(line["team"], line["tie_group"]) for line in lines] == [("ada", 1), ("bob", 2)]
    assert lines[0]["score_low"] < lines[0]["score"] < lines[0]["score_high"]
