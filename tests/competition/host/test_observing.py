"""The log, the figures, and the files of workers."""

from __future__ import annotations

import hashlib
import json
import logging
import time
from typing import Any

import httpx
import pytest

from competition.host.observing import Figures, kind_of, shown_path
from competition.store import UnknownFile, add_user, create_token
from competition.store.remote_files import RemoteFiles

ACCESS_LOG = "competition.host.access"


def test_each_request_is_one_line_of_json_without_any_token(
    house: Any, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, logger=ACCESS_LOG)
    address = house.call(
        "DownloadDataFile", {"competitionName": house.slug, "fileName": "test.csv"}
    )
    httpx.get(house.url + address.headers["Location"], timeout=60)
    fields = {"competitionName": house.slug, "fileName": "a.csv", "contentLength": 1}
    started = house.call("StartSubmissionUpload", fields).json()
    httpx.put(started["createUrl"], content=b"x", timeout=60)
    lines: list[Any] = []
    for _ in range(600):  # a line follows its answer
        lines = [json.loads(r.message) for r in caplog.records if r.name == ACCESS_LOG]
        if len(lines) == 4:
            break
        time.sleep(0.05)
    assert [(line["method"], line["status"]) for line in lines] == [
        ("POST", 302), ("GET", 200), ("POST", 200), ("PUT", 200),
    ]  # fmt: skip
    assert lines[0]["user"] == "ada"
    assert lines[1]["path"] == "/files/…/test.csv"
    for secret in (
        house.tokens["ada"],
        started["token"],
        address.headers["Location"].split("/")[2],
    ):
        assert secret not in caplog.text


def test_paths_are_shown_without_rights_and_sorted_into_few_kinds() -> None:
    assert shown_path("/uploads/secret") == "/uploads/…"
    assert shown_path("/competitions/a/leaderboard") == "/competitions/a/leaderboard"
    assert kind_of("/api/v1/x.Y/ListCompetitions", {"ListCompetitions"}) == "ListCompetitions"
    assert [kind_of(path, ()) for path in ("/", "/competitions/a", "/zzz", "x")] == [
        "index", "competitions", "other", "other",
    ]  # fmt: skip


def test_figures_are_cumulative_as_prometheus_reads_them() -> None:
    figures = Figures()
    figures.count("GET", "/files/x/y", 200, 0.02)
    figures.count("GET", "/files/x/y", 200, 3.0)
    lines = figures.lines()
    assert 'ripe_requests_total{method="GET",kind="files",status="200"} 2' in lines
    assert 'ripe_request_seconds_bucket{kind="files",le="0.025"} 1' in lines
    assert 'ripe_request_seconds_bucket{kind="files",le="+Inf"} 2' in lines


def test_what_the_host_does_not_know_shares_one_label() -> None:
    figures = Figures(["x.Y/ListCompetitions"])
    for name in ("Zzz", "Yyy", "x" * 30):
        figures.count(name.upper(), f"/api/v1/x.Y/{name}", 400, 0.1)
    lines = [line for line in figures.lines() if line.startswith("ripe_requests_total")]
    assert lines == ['ripe_requests_total{method="unknown",kind="unknown",status="400"} 3']


def test_figures_are_served_to_this_machine(house: Any) -> None:
    house.call("ListCompetitions")
    told = httpx.get(f"{house.url}/metrics", timeout=60)
    assert told.headers["Content-Type"].startswith("text/plain; version=0.0.4")
    assert 'ripe_requests_total{method="POST",kind="ListCompetitions",status="200"} 1' in told.text
    assert "ripe_entries_waiting 0" in told.text


def test_figures_are_refused_to_another_machine(house: Any) -> None:
    headers = {"X-Forwarded-For": "203.0.113.7"}  # a proxy on this machine says who asked
    assert httpx.get(f"{house.url}/metrics", headers=headers, timeout=60).status_code == 403


def test_a_worker_elsewhere_reads_and_writes_files_with_an_administrator_s_token(
    house: Any, tmp_path: Any
) -> None:
    add_user(house.store, "root", is_admin=True, now=house.clock())
    token = create_token(house.store, "root", now=house.clock())
    remote = RemoteFiles(house.url, token, tmp_path / "cache")
    (tmp_path / "x").write_bytes(b"content")
    digest = remote.put(tmp_path / "x")
    assert house.store.files.path(digest).read_bytes() == b"content"
    other = RemoteFiles(house.url, token, tmp_path / "other")
    assert other.path(digest).read_bytes() == b"content"
    with pytest.raises(UnknownFile):
        other.path("0" * 64)


def test_a_worker_s_files_are_closed_to_all_others(house: Any) -> None:
    digest = hashlib.sha256(b"x").hexdigest()
    for user, status in ((None, 401), ("ada", 403), ("grace", 403)):
        headers = {"Authorization": f"Bearer {house.tokens[user]}"} if user else {}
        for method in ("GET", "PUT"):
            told = httpx.request(
                method, f"{house.url}/worker/files/{digest}", headers=headers, timeout=60
            )
            assert told.status_code == status


def test_a_worker_s_file_must_be_what_it_says(house: Any) -> None:
    add_user(house.store, "root", is_admin=True, now=house.clock())
    headers = {"Authorization": f"Bearer {create_token(house.store, 'root', now=house.clock())}"}
    told = httpx.put(
        f"{house.url}/worker/files/{'0' * 64}", content=b"x", headers=headers, timeout=60
    )
    assert told.status_code == 400
    assert not house.store.files.holds("0" * 64)
