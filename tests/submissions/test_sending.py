"""One send makes one entry, whatever happens on the line."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from competition.store import list_entries as entries_in_store
from submissions import (
    Server,
    fetch_quota,
    list_entries,
    send_submission,
)
from submissions.errors import (
    NotSignedIn,
    SendUnclear,
    ServerRefused,
    ServerUnreachable,
    SubmissionError,
    UnknownName,
)


@pytest.fixture
def entry_file(tmp_path: Path, host: Any) -> Path:
    from competition.store import sample_submission

    file = tmp_path / "my entry.csv"
    stored = sample_submission(host.store, host.slug)
    file.write_bytes(Path(getattr(stored, "path", stored)).read_bytes())
    return file


def stored(host: Any) -> int:
    return len(entries_in_store(host.store, host.slug, "ada"))


@pytest.mark.usefixtures("within_a_day")
def test_a_sent_file_is_found_again_as_an_entry(host: Any, entry_file: Path) -> None:
    before = stored(host)
    sent = send_submission(entry_file, "fruit", "grüße, Ada", host.server())
    assert stored(host) == before + 1
    assert sent.entry.description == "grüße, Ada"
    assert sent.entry.file_name == "my entry.csv"
    assert sent.board_url == f"{host.url}/competitions/fruit/leaderboard"
    assert sent.quota_before and sent.quota_after
    assert sent.quota_after.left == sent.quota_before.left - 1
    assert sent.ref in {entry.ref for entry in list_entries("fruit", host.server())}
    assert fetch_quota("fruit", host.server()) == sent.quota_after


def test_a_deliberate_second_send_makes_a_second_entry(host: Any, entry_file: Path) -> None:
    before = stored(host)
    refs = {send_submission(entry_file, "fruit", "same", host.server()).ref for _ in range(2)}
    assert len(refs) == 2
    assert stored(host) == before + 2


def test_an_entry_whose_answer_was_lost_is_found_and_not_sent_again(
    host: Any, entry_file: Path, make_line: Callable[..., Any]
) -> None:
    line = make_line(host.url)
    line.faults["CreateSubmission"] = ["cut after"]
    before = stored(host)
    sent = send_submission(entry_file, "fruit", "lost answer", host.server(line.url))
    assert stored(host) == before + 1
    assert sent.entry.description == "lost answer"
    assert line.calls().count("CreateSubmission") == 1


def test_an_error_page_after_the_entry_was_made_does_not_hide_it(
    host: Any, entry_file: Path, make_line: Callable[..., Any]
) -> None:
    line = make_line(host.url)
    line.faults["CreateSubmission"] = ["cut after"]
    line.faults["ListSubmissions"] = ["pass", (502, "text/html", b"<h1>Bad gateway</h1>")]
    before = stored(host)
    send_submission(entry_file, "fruit", "behind a gateway", host.server(line.url))
    assert stored(host) == before + 1


def test_a_request_that_never_arrived_is_told_and_not_repeated(
    host: Any,
    entry_file: Path,
    make_line: Callable[..., Any],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    line = make_line(host.url)
    line.faults["CreateSubmission"] = ["cut before"]
    before = stored(host)
    with pytest.raises(SendUnclear, match="nothing was sent twice"):
        send_submission(entry_file, "fruit", "cut off", host.server(line.url))
    assert line.calls().count("CreateSubmission") == 1
    assert stored(host) == before


def test_a_failed_upload_is_tried_again_and_makes_one_entry(
    host: Any, entry_file: Path, make_line: Callable[..., Any]
) -> None:
    line = make_line(host.url)
    line.faults["PUT"] = [(503, "text/plain", b"later")]
    before = stored(host)
    send_submission(entry_file, "fruit", "second try", host.server(line.url))
    assert stored(host) == before + 1
    assert line.calls().count("PUT") == 2


def test_the_hosts_own_words_reach_the_participant(host: Any, entry_file: Path) -> None:
    with pytest.raises(UnknownName, match="fruity"):
        send_submission(entry_file, "fruity", "", host.server())


def test_a_quota_that_is_used_up_is_one_line_and_no_entry(
    host: Any, entry_file: Path, make_line: Callable[..., Any]
) -> None:
    line = make_line(host.url)
    line.refuse("CreateSubmission", 400, "your team has made its 5 entries of today")
    before = stored(host)
    with pytest.raises(ServerRefused, match="5 entries of today"):
        send_submission(entry_file, "fruit", "", host.server(line.url))
    assert stored(host) == before
    assert line.calls().count("CreateSubmission") == 1


def test_a_wrong_token_says_what_to_do(host: Any, entry_file: Path) -> None:
    with pytest.raises(NotSignedIn, match="RIPE_TOKEN"):
        send_submission(entry_file, "fruit", "", Server(host.url, "wrong"))


def test_no_token_says_what_to_do(host: Any, entry_file: Path) -> None:
    with pytest.raises(NotSignedIn, match="wants a token"):
        send_submission(entry_file, "fruit", "", Server(host.url))


def test_no_host_says_how_to_start_one(entry_file: Path) -> None:
    with pytest.raises(ServerUnreachable, match="ripe up"):
        send_submission(entry_file, "fruit", "", Server("http://127.0.0.1:9", "token"))


def test_a_file_that_is_not_there_is_told_before_anything_is_sent() -> None:
    with pytest.raises(SubmissionError, match="no file"):
        send_submission("nowhere.csv", "fruit", "", Server("http://127.0.0.1:9", "token"))


@pytest.mark.parametrize("token", ["ours", None])
def test_nothing_of_the_users_kaggle_account_ever_reaches_a_host(
    token: str | None, entry_file: Path, make_line: Callable[..., Any]
) -> None:
    line = make_line()
    line.refuse("IntrospectToken", 400, "unknown token")
    with pytest.raises(SubmissionError):
        send_submission(entry_file, "fruit", "", Server(line.url, token))
    assert line.seen
    for request in line.seen:
        told = json.dumps([request.path, request.headers]) + request.body.decode()
        secret = request.headers.get("Authorization", "")
        if secret.startswith("Basic "):
            told += base64.b64decode(secret[6:]).decode()
        assert "decoy" not in told
