"""The official command, unmodified, against a running host."""

from __future__ import annotations

import csv
import io
import time
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

DECOY_PART = b"decoy"


def rows_of(text: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(text)))


def test_list_and_files_name_the_contest_and_its_data(kaggle: Any) -> None:
    listed = kaggle("competitions", "list", "-v")
    assert listed.status == 0, listed.said
    assert [row["ref"] for row in rows_of(listed.out)] == ["pit-or-flesh"]
    files = kaggle("competitions", "files", "pit-or-flesh", "-v")
    assert files.status == 0, files.said
    assert [row["name"] for row in rows_of(files.out)] == [
        "sample_submission.csv",
        "test.csv",
        "train.csv",
    ]


def test_download_brings_the_bundle_once_and_skips_it_when_current(kaggle: Any, work: Path) -> None:
    first = kaggle("competitions", "download", "pit-or-flesh")
    assert first.status == 0, first.said
    with zipfile.ZipFile(work / "pit-or-flesh.zip") as archive:
        assert archive.namelist() == ["sample_submission.csv", "test.csv", "train.csv"]
        assert archive.testzip() is None
    second = kaggle("competitions", "download", "pit-or-flesh")
    assert "Skipping, found more recently modified local copy" in second.said


def test_download_of_one_file_brings_its_bytes(kaggle: Any, work: Path, house: Any) -> None:
    done = kaggle("competitions", "download", "pit-or-flesh", "-f", "train.csv")
    assert done.status == 0, done.said
    assert (work / "train.csv").read_bytes() == (
        house.store.home.parent / "contest/data/train.csv"
    ).read_bytes()


@pytest.mark.usefixtures("within_a_day")
def test_a_submission_is_taken_scored_and_stands_on_the_leaderboard(
    kaggle: Any, house: Any, scoring: None, work: Path, submission: Callable[[int], str]
) -> None:
    (work / "mine.csv").write_text(submission(4))
    sent = kaggle("competitions", "submit", "pit-or-flesh", "-f", "mine.csv", "-m", "four wrong")
    assert sent.status == 0, sent.said
    assert "Successfully submitted to Pit or flesh?" in sent.out

    row = wait_for_score(kaggle)
    assert (row["fileName"], row["description"]) == ("mine.csv", "four wrong")
    assert row["status"] == "SubmissionStatus.COMPLETE"
    assert row["publicScore"] == "0.90000"
    assert row["privateScore"] == ""

    board = kaggle("competitions", "leaderboard", "pit-or-flesh", "-s", "-v")
    assert [(row["teamName"], row["score"]) for row in rows_of(board.out)] == [("ada", "0.90000")]
    downloaded = kaggle("competitions", "leaderboard", "pit-or-flesh", "-d")
    assert downloaded.status == 0, downloaded.said
    with zipfile.ZipFile(work / "pit-or-flesh.zip") as archive:
        (name,) = archive.namelist()
        line = rows_of(archive.read(name).decode())[0]
    assert "publicleaderboard" in name
    assert (line["Rank"], line["TeamName"], line["Score"]) == ("1", "ada", "0.90000")
    limits = kaggle("competitions", "submission-limits", "pit-or-flesh")
    assert "Remaining today: 4" in limits.out


def wait_for_score(kaggle: Any) -> dict[str, str]:
    for _ in range(240):
        listed = kaggle("competitions", "submissions", "pit-or-flesh", "-v")
        assert listed.status == 0, listed.said
        row = rows_of(listed.out)[0]
        if "PENDING" not in row["status"]:
            return row
        time.sleep(0.5)
    raise AssertionError(f"still pending: {row}")


def test_a_bad_submission_ends_in_error_and_the_host_says_why(
    kaggle: Any, house: Any, work: Path
) -> None:
    (work / "bad.csv").write_text("id,is_pit\n100,1\n")
    assert kaggle("competitions", "submit", "pit-or-flesh", "-f", "bad.csv", "-m", "x").status == 0
    house.score_all()
    (told,) = house.call("ListSubmissions", {"competitionName": "pit-or-flesh"}).json()[
        "submissions"
    ]
    assert told["status"] == "ERROR"
    assert "39" in told["errorDescription"]


@pytest.mark.usefixtures("within_a_day")
def test_over_the_limit_the_client_prints_when_to_come_back(
    kaggle: Any, house: Any, work: Path, submission: Callable[[int], str]
) -> None:
    (work / "mine.csv").write_text(submission(0))
    for _ in range(5):
        send(house, submission(0))
    refused = kaggle(
        "competitions", "submit", "pit-or-flesh", "-f", "mine.csv", "-m", "one too many"
    )
    assert refused.status == 1
    assert "has sent 5 of 5 entries today; the next may come from" in refused.said


def send(house: Any, text: str, user: str = "ada") -> int:
    import httpx

    fields = {"competitionName": house.slug, "fileName": "a.csv", "contentLength": len(text)}
    started = house.call("StartSubmissionUpload", fields, user=user).json()
    assert httpx.put(started["createUrl"], content=text.encode(), timeout=60).status_code == 200
    fields = {"competitionName": house.slug, "blobFileTokens": started["token"]}
    return int(house.call("CreateSubmission", fields, user=user).json()["ref"])


def test_an_empty_file_arrives_although_the_client_sends_it_chunked(
    kaggle: Any, house: Any, work: Path
) -> None:
    (work / "empty.csv").write_text("")
    assert (
        kaggle("competitions", "submit", "pit-or-flesh", "-f", "empty.csv", "-m", "x").status == 0
    )
    (put,) = [scope for scope in house.requests if scope["method"] == "PUT"]
    assert (b"transfer-encoding", b"chunked") in put["headers"]
    house.score_all()
    (told,) = house.call("ListSubmissions", {"competitionName": "pit-or-flesh"}).json()[
        "submissions"
    ]
    assert told["status"] == "ERROR"


def test_a_mistyped_contest_is_refused_in_one_line(kaggle: Any) -> None:
    refused = kaggle("competitions", "files", "pit-or-flsh")
    assert refused.status == 1
    assert refused.err.strip().splitlines()[-1] == (
        "no contest is named 'pit-or-flsh' here; did you mean 'pit-or-flesh'?"
    )


def test_what_the_host_lacks_is_refused_in_one_line(kaggle: Any) -> None:
    refused = kaggle("kernels", "list")
    assert refused.status == 1
    assert "not supported by this server" in refused.err


def test_username_and_key_work_where_no_other_token_is_found(
    kaggle: Any, house: Any, tmp_path: Path
) -> None:
    bare = tmp_path / "bare"
    bare.mkdir()
    listed = kaggle(
        "competitions", "list", "-v",
        env={"HOME": str(bare), "KAGGLE_API_TOKEN": "", "KAGGLE_USERNAME": "ada", "KAGGLE_KEY": house.tokens["ada"]},
    )  # fmt: skip
    assert listed.status == 0, listed.said
    assert "pit-or-flesh" in listed.out


def test_a_real_token_in_the_home_folder_is_never_sent(kaggle: Any, house: Any, work: Path) -> None:
    kaggle("competitions", "download", "pit-or-flesh")
    (work / "a.csv").write_text("id,is_pit\n")
    kaggle("competitions", "submit", "pit-or-flesh", "-f", "a.csv", "-m", "x")
    sent = [value for scope in house.requests for _, value in scope["headers"]]
    assert len(sent) > 20
    assert not any(DECOY_PART in value.lower() for value in sent)


def test_a_token_that_is_not_ours_is_refused_without_a_traceback(kaggle: Any) -> None:
    refused = kaggle("competitions", "list", env={"KAGGLE_API_TOKEN": "nonsense"})
    assert refused.status == 1
    assert "Traceback" not in refused.said
