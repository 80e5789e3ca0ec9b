"""An entry gets its score and its place, as everybody sees them."""

from __future__ import annotations

import io
import threading
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from competition.queue import run_workers
from competition.store import sample_submission
from submissions import (
    Server,
    fetch_board,
    fetch_leaderboard,
    send_submission,
    wait_for_score,
)
from submissions.errors import (
    EntryFailed,
    NotPermitted,
    NotSignedIn,
    ScoreTimeout,
    ServerRefused,
    UnknownName,
)

KAGGLE_BOARD = """\ufeffRank,TeamId,TeamName,LastSubmissionDate,Score,SubmissionCount,TeamMemberUserNames
1,11,"Ärzte, die",2026-11-20 10:00:00,0.98765,7,"ada,bob"
2,12,'=2+3,2026-11-20 11:00:00,0.5,1,eve
,13,majority,2026-11-20 09:00:00,0.4,1,
"""


@pytest.fixture
def sample(host: Any) -> pd.DataFrame:
    return pd.read_csv(sample_submission(host.store, host.slug).path)


def test_an_entry_without_a_worker_waits_and_that_is_told(
    host: Any, sample: pd.DataFrame, tmp_path: Path
) -> None:
    sample.to_csv(tmp_path / "s.csv", index=False)
    sent = send_submission(tmp_path / "s.csv", "fruit", "", host.server())
    states: list[str] = []
    with pytest.raises(ScoreTimeout, match="stays in the queue"):
        wait_for_score(sent.ref, "fruit", host.server(), timeout_seconds=1, on_status=states.append)
    assert set(states) == {"pending"}


@pytest.fixture(scope="module")
def scoring(host: Any) -> Iterator[None]:
    stop = threading.Event()
    thread = threading.Thread(target=run_workers, args=(host.store, stop), daemon=True)
    thread.start()
    yield
    stop.set()
    thread.join()


@pytest.mark.usefixtures("scoring")
def test_the_score_comes_and_the_board_shows_it(
    host: Any, sample: pd.DataFrame, tmp_path: Path
) -> None:
    for value in (0, 1):
        sample.assign(ripe=value).to_csv(tmp_path / "s.csv", index=False)
        sent = send_submission(tmp_path / "s.csv", "fruit", f"all {value}", host.server())
        entry = wait_for_score(sent.ref, "fruit", host.server(), timeout_seconds=120)
        assert entry.status == "complete"
        assert entry.public_score is not None
        assert entry.private_score is None
    rows = fetch_leaderboard(host.server(), "fruit")
    assert [(row["rank"], row["team"], row["members"]) for row in rows] == [(1, "ada", ["ada"])]
    assert rows[0]["entries"] >= 2
    assert rows[0]["score"] >= 0.5
    with pytest.raises(NotPermitted, match="not released"):
        fetch_board(host.server(), "fruit", private=True)


@pytest.mark.usefixtures("scoring")
def test_an_entry_that_cannot_be_scored_says_why(host: Any, tmp_path: Path) -> None:
    (tmp_path / "bad.csv").write_text("id,ripe\n1,maybe\n")
    sent = send_submission(tmp_path / "bad.csv", "fruit", "", host.server())
    with pytest.raises(EntryFailed, match=r"could not score entry \d+: .*id"):
        wait_for_score(sent.ref, "fruit", host.server(), timeout_seconds=120)


def test_an_entry_of_somebody_else_is_unknown(host: Any) -> None:
    with pytest.raises(UnknownName, match="entry 999999"):
        wait_for_score(999999, "fruit", host.server(), timeout_seconds=1)


def test_a_board_that_wants_a_token_says_so(host: Any) -> None:
    with pytest.raises(NotSignedIn, match="RIPE_TOKEN"):
        fetch_leaderboard(Server(host.url), "fruit")


def kaggle_archive(name: str) -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr(name, KAGGLE_BOARD.encode())
    return packed.getvalue()


def test_a_board_of_kaggles_is_read_as_it_is_written(make_line: Callable[..., Any]) -> None:
    line = make_line()
    body = kaggle_archive("titanic-privateleaderboard-2026-11-23.csv")
    line.faults["DownloadLeaderboard"] = [(200, "application/octet-stream", body)]
    board = fetch_board(Server(line.url, "t"), "titanic", private=True)
    assert board.is_private
    assert [row["rank"] for row in board.rows] == [1, 2, None]
    assert board.rows[0] == {
        "rank": 1,
        "team_id": 11,
        "team": "Ärzte, die",
        "score": 0.98765,
        "entries": 7,
        "last_entry": "2026-11-20 10:00:00",
        "members": ["ada", "bob"],
    }
    assert board.rows[1]["team"] == "=2+3"


def test_a_public_board_stays_public_whatever_the_contest_is_called(
    make_line: Callable[..., Any],
) -> None:
    line = make_line()
    slug = "private-leaderboard-games"
    body = kaggle_archive(f"{slug}-publicleaderboard.csv")
    line.faults["DownloadLeaderboard"] = [(200, "application/octet-stream", body)] * 2
    assert not fetch_board(Server(line.url, "t"), slug).is_private
    with pytest.raises(NotPermitted, match="not released yet"):
        fetch_board(Server(line.url, "t"), slug, private=True)


def test_a_board_that_is_no_archive_is_refused(make_line: Callable[..., Any]) -> None:
    line = make_line()
    line.faults["DownloadLeaderboard"] = [(200, "application/octet-stream", b"<html>")]
    with pytest.raises(ServerRefused, match="cannot be read"):
        fetch_board(Server(line.url, "t"), "titanic")
