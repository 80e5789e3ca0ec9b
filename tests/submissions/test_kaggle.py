"""The same commands against an address that plays Kaggle: a host under Kaggle's paths."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from competition.queue import run_workers
from experiments.ledger.book import read_ledger
from experiments.ledger.sending import follow_entry, submit_file
from experiments.ledger.syncing import sync
from submissions import download_from_kaggle, fetch_leaderboard, kaggle_server

NOW = datetime(2026, 11, 23, tzinfo=UTC)


@pytest.fixture(scope="module")
def scoring(host: Any) -> Iterator[None]:
    stop = threading.Event()
    thread = threading.Thread(target=run_workers, args=(host.store, stop), daemon=True)
    thread.start()
    yield
    stop.set()
    thread.join()


@pytest.fixture
def kaggle(
    host: Any,
    make_line: Callable[..., Any],
    monkeypatch: pytest.MonkeyPatch,
    user_home: Path,
) -> Any:
    """A line that plays Kaggle; the user's token for it lies where Kaggle's users keep theirs."""
    line = make_line(host.url)
    monkeypatch.setenv("RIPE_KAGGLE_URL", f"{line.url}/api")
    monkeypatch.setenv("RIPE_TOKEN", "a token for some host")
    (user_home / ".kaggle" / "access_token").write_text(host.token)
    return line


@pytest.mark.usefixtures("scoring")
def test_download_send_score_and_ledger(kaggle: Any, tmp_path: Path) -> None:
    home = tmp_path / "home"
    folder = home / "data" / "fruit"
    assert download_from_kaggle("fruit", folder, now=NOW).is_new
    assert not download_from_kaggle("fruit", folder, now=NOW).is_new
    server = kaggle_server()
    sample = folder / "sample_submission.csv"
    sent = submit_file(home, sample, "fruit", "by way of Kaggle", server)
    assert sent.board_url == "https://www.kaggle.com/competitions/fruit/leaderboard"
    entry = follow_entry(home, sent.ref, "fruit", server, timeout_seconds=120)
    assert entry.public_score is not None
    assert [row["team"] for row in fetch_leaderboard(server, "fruit")] == ["ada"]
    assert sync(home, now=NOW).failures == ()
    (noted,) = read_ledger(home)
    assert noted.last.public_score == entry.public_score
    assert noted.server == server.url
    told = json.dumps([request.headers for request in kaggle.seen])
    assert "a token for some host" not in told
