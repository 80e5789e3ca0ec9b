"""Data come whole, stay current, and never overwrite what came from somewhere else."""

from __future__ import annotations

import io
import stat
import zipfile
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from competition.archives import InvalidArchive
from competition.tables import digest_file
from submissions import Download, Server, download_contest, download_from_kaggle
from submissions.errors import (
    DownloadConflict,
    NotPermitted,
    NotSignedIn,
    ServerRefused,
    ServerUnreachable,
    SubmissionError,
    UnknownName,
)
from submissions.records import read_record

NOW = datetime(2026, 11, 23, tzinfo=UTC)
FILES = {"contest-public.toml", "photos.bin", "sample_submission.csv", "test.csv", "train.csv"}


def zipped(**files: str) -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        for name, text in files.items():
            archive.writestr(name.replace("_csv", ".csv"), text)
    return packed.getvalue()


@pytest.fixture
def kaggle(make_line: Callable[..., Any], monkeypatch: pytest.MonkeyPatch) -> Any:
    """An address that plays Kaggle, for a user who has a token there."""
    line = make_line()
    line.answer("IntrospectToken", {"active": True, "username": "ada"}, times=9)
    monkeypatch.setenv("KAGGLE_API_TOKEN", "kaggle-token")
    monkeypatch.setenv("RIPE_KAGGLE_URL", line.url)
    return line


def give(line: Any, call: str, body: bytes) -> None:
    line.faults.setdefault(call, []).append((200, "application/octet-stream", body))


def test_a_hosts_bundle_is_unpacked_with_its_digests(host: Any, tmp_path: Path) -> None:
    folder = tmp_path / "data" / "fruit"
    download = download_contest(host.server(), "fruit", folder, now=NOW)
    assert download.is_new
    assert set(download.digests) == FILES
    assert {path.name for path in folder.iterdir()} == FILES | {".download.json"}
    assert all(digest_file(folder / name) == digest for name, digest in download.digests.items())
    record = read_record(folder)
    assert record and record.source == "fruit from this machine"
    assert record.downloaded_at == NOW.isoformat()
    assert [path.name for path in (tmp_path / "data").iterdir()] == ["fruit"]


def test_what_is_current_is_not_fetched_again(
    host: Any, tmp_path: Path, make_line: Callable[..., Any]
) -> None:
    line = make_line(host.url)
    folder = tmp_path / "fruit"
    download_contest(host.server(line.url), "fruit", folder, now=NOW)
    (folder / "notes.txt").write_text("mine")
    again = download_contest(host.server(line.url), "fruit", folder, now=NOW)
    assert not again.is_new
    assert set(again.digests) == FILES
    assert download_contest(host.server(line.url), "fruit", folder, now=NOW, force=True).is_new
    assert (folder / "notes.txt").read_text() == "mine"


def test_a_damaged_copy_is_mended_and_own_files_stay(host: Any, tmp_path: Path) -> None:
    folder = tmp_path / "fruit"
    first = download_contest(host.server(), "fruit", folder, now=NOW)
    (folder / "train.csv").write_text("spoiled")
    (folder / "features").mkdir()
    (folder / "features" / "mine.csv").write_text("kept")
    again = download_contest(host.server(), "fruit", folder, now=NOW)
    assert again.is_new
    assert again.digests == first.digests
    assert (folder / "features" / "mine.csv").read_text() == "kept"


def test_two_at_once_end_with_one_whole_folder(host: Any, tmp_path: Path) -> None:
    def fetch(_: int) -> Download:
        return download_contest(host.server(), "fruit", tmp_path / "data" / "fruit", now=NOW)

    with ThreadPoolExecutor(3) as threads:
        downloads = list(threads.map(fetch, range(3)))
    assert sorted(download.is_new for download in downloads) == [False, False, True]
    assert len({tuple(sorted(download.digests.items())) for download in downloads}) == 1
    assert [path.name for path in (tmp_path / "data").iterdir()] == ["fruit"]


def test_one_file_alone_comes_as_it_is(host: Any, tmp_path: Path) -> None:
    download = download_contest(host.server(), "fruit", tmp_path / "f", now=NOW, file="test.csv")
    assert set(download.digests) == {"test.csv"}


def test_a_relative_folder_is_meant_from_here(
    host: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    download = download_contest(host.server(), "fruit", Path("here"), now=NOW, file="test.csv")
    assert (tmp_path / "here" / "test.csv").is_file()
    assert set(download.digests) == {"test.csv"}


def test_a_folder_from_elsewhere_is_never_touched(host: Any, tmp_path: Path) -> None:
    folder = tmp_path / "fruit"
    folder.mkdir()
    (folder / "train.csv").write_text("mine")
    with pytest.raises(DownloadConflict, match="was not made"):
        download_contest(host.server(), "fruit", folder, now=NOW)
    assert (folder / "train.csv").read_text() == "mine"
    download_contest(host.server(), "fruit", tmp_path / "other", now=NOW)
    with pytest.raises(DownloadConflict, match="holds a download of"):
        download_contest(Server("http://host.example"), "fruit", tmp_path / "other", now=NOW)


def test_an_unknown_contest_leaves_nothing_behind(host: Any, tmp_path: Path) -> None:
    with pytest.raises(UnknownName, match="fruity"):
        download_contest(host.server(), "fruity", tmp_path / "data" / "fruity", now=NOW)
    assert not list((tmp_path / "data").iterdir())


def test_a_contests_name_cannot_lead_anywhere_else(tmp_path: Path) -> None:
    with pytest.raises(SubmissionError, match="letters"):
        download_contest(Server("http://127.0.0.1:1"), "../x", tmp_path / "x", now=NOW)


def test_a_download_that_was_cut_goes_on_where_it_stopped(
    host: Any, tmp_path: Path, make_line: Callable[..., Any]
) -> None:
    line = make_line(host.url)
    line.faults["GET"] = ["cut half"]
    download = download_contest(host.server(line.url), "fruit", tmp_path / "fruit", now=NOW)
    assert set(download.digests) == FILES
    ranges = [request.headers.get("Range") for request in line.seen if request.call == "GET"]
    assert ranges[0] is None
    assert ranges[1] and ranges[1].startswith("bytes=") and ranges[1] != "bytes=0-"


def link_to_passwords() -> bytes:
    packed = io.BytesIO()
    link = zipfile.ZipInfo("train.csv")
    link.external_attr = (stat.S_IFLNK | 0o777) << 16
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr(link, "/etc/passwd")
    return packed.getvalue()


HARMFUL = {
    "leads out": zipped(train_csv="a\n1\n", **{"../out": "x"}),
    "absolute": zipped(**{"/tmp/out": "x"}),
    "a link": link_to_passwords(),
    "damaged": zipped(train_csv="a\n1\n" * 99).replace(b"a\n1\n", b"a\n2\n", 1),
}


@pytest.mark.parametrize("kind", HARMFUL)
def test_a_harmful_bundle_is_refused_whole(kaggle: Any, tmp_path: Path, kind: str) -> None:
    give(kaggle, "DownloadDataFiles", HARMFUL[kind])
    with pytest.raises(InvalidArchive, match="titanic"):
        download_from_kaggle("titanic", tmp_path / "data" / "titanic", now=NOW)
    assert not any((tmp_path / "data").iterdir())


def test_a_contest_of_kaggles_comes_with_the_users_own_token(kaggle: Any, tmp_path: Path) -> None:
    give(kaggle, "DownloadDataFiles", zipped(train_csv="a\n1\n"))
    download = download_from_kaggle("titanic", tmp_path / "titanic", now=NOW)
    assert set(download.digests) == {"train.csv"}
    assert kaggle.seen[-1].headers["Authorization"] == "Bearer kaggle-token"
    assert b'"titanic"' in kaggle.seen[-1].body


def test_a_data_set_comes_in_the_version_asked_for(kaggle: Any, tmp_path: Path) -> None:
    for name in ("ada/fruit/3", "ada/fruit/versions/3"):
        give(kaggle, "DownloadDataset", zipped(fruit_csv="a\n1\n"))
        folder = tmp_path / name.replace("/", "-")
        assert download_from_kaggle(name, folder, now=NOW).is_new
        assert b'"datasetVersionNumber": 3' in kaggle.seen[-1].body
        assert b'"ownerSlug": "ada"' in kaggle.seen[-1].body


@pytest.mark.parametrize(
    "name", ["a/b/c", "a/b/versions", "/b", "a/", "a/b/0", "../b", "a/..", "a/b/c/d"]
)
def test_a_name_that_kaggle_cannot_have_is_refused(name: str, tmp_path: Path) -> None:
    with pytest.raises(SubmissionError, match="OWNER/DATASET"):
        download_from_kaggle(name, tmp_path / "x", now=NOW)


@pytest.mark.parametrize(
    ("name", "call", "status", "kind", "words"),
    [
        ("titanic", "DownloadDataFiles", 403, NotPermitted, "competitions/titanic/rules"),
        ("titanic", "DownloadDataFiles", 404, UnknownName, "knows no contest 'titanic'"),
        ("titanic", "DownloadDataFiles", 401, NotSignedIn, "settings/api"),
        ("titanic", "DownloadDataFiles", 429, ServerRefused, "wait a minute"),
        ("titanic", "DownloadDataFiles", 500, ServerRefused, "later"),
        ("ada/fruit", "DownloadDataset", 403, NotPermitted, "private"),
        ("ada/fruit", "DownloadDataset", 404, UnknownName, "knows no data set 'ada/fruit'"),
    ],
)
def test_what_kaggle_refuses_is_one_line_that_says_what_to_do(
    kaggle: Any, tmp_path: Path, name: str, call: str, status: int, kind: type, words: str
) -> None:
    kaggle.refuse(call, status, "Permission 'competitions.get' was denied", times=3)
    with pytest.raises(kind, match=words) as refusal:
        download_from_kaggle(name, tmp_path / "data" / "x", now=NOW)
    assert "\n" not in str(refusal.value)


def test_without_credentials_nothing_is_asked_of_kaggle(
    make_line: Callable[..., Any],
    tmp_path: Path,
    user_home: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    line = make_line()
    monkeypatch.setenv("RIPE_KAGGLE_URL", line.url)
    monkeypatch.setenv("RIPE_TOKEN", "ripe-token")
    monkeypatch.setenv("HOME", str(user_home.parent / "nobody"))
    with pytest.raises(NotSignedIn, match=r"settings/api.*access_token"):
        download_from_kaggle("titanic", tmp_path / "titanic", now=NOW)
    assert not line.seen


def test_without_a_network_one_line_says_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("RIPE_KAGGLE_URL", "http://127.0.0.1:9")
    monkeypatch.setenv("KAGGLE_API_TOKEN", "kaggle-token")
    with pytest.raises(ServerUnreachable, match="network"):
        download_from_kaggle("titanic", tmp_path / "titanic", now=NOW)
