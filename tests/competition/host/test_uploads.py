"""Uploads: announced, sent in one piece or several, never more than announced."""

from __future__ import annotations

import time
from datetime import timedelta
from typing import Any

import httpx
import pytest

from competition.host import running_host
from competition.host.uploads import SPARE_BYTES

TEXT = b"id,is_pit\n" + b"".join(b"%d,0\n" % i for i in range(100, 140))
SIZE = len(TEXT)


def start(house: Any, size: int = SIZE, user: str = "ada") -> dict[str, str]:
    fields = {"competitionName": house.slug, "fileName": "a.csv", "contentLength": size}
    told = house.call("StartSubmissionUpload", fields, user=user)
    assert told.status_code == 200, told.text
    return dict(told.json())


def create(house: Any, token: str, user: str = "ada") -> Any:
    fields = {"competitionName": house.slug, "blobFileTokens": token}
    return house.call("CreateSubmission", fields, user=user)


def put(url: str, content: bytes = b"", content_range: str | None = None) -> httpx.Response:
    headers = {"Content-Range": content_range} if content_range else {}
    return httpx.put(url, content=content, headers=headers, timeout=60)


def test_the_address_is_absolute_and_under_the_name_the_client_used(house: Any) -> None:
    fields = {"competitionName": house.slug, "fileName": "a.csv", "contentLength": 1}
    told = httpx.post(
        f"{house.url}/api/v1/competitions.CompetitionApiService/StartSubmissionUpload",
        json=fields,
        headers={"Authorization": f"Bearer {house.tokens['ada']}", "Host": "localhost"},
        timeout=60,
    ).json()
    assert told["createUrl"].startswith("http://localhost/uploads/")


def test_an_upload_in_one_piece_needs_no_credentials(house: Any) -> None:
    told = start(house)
    assert put(told["createUrl"], TEXT).status_code == 200
    assert create(house, told["token"]).json()["ref"] > 0


def test_a_repeated_request_is_given_the_entry_that_it_made(house: Any) -> None:
    told = start(house)
    put(told["createUrl"], TEXT)
    refs = {create(house, told["token"]).json()["ref"] for _ in range(3)}
    assert len(refs) == 1


def test_an_upload_in_pieces_goes_on_where_it_ended(house: Any) -> None:
    told = start(house)
    url = told["createUrl"]
    nothing = put(url, content_range=f"bytes */{SIZE}")
    assert nothing.status_code == 308
    assert "Range" not in nothing.headers
    cut = put(url, TEXT[:100], f"bytes 0-{SIZE - 1}/{SIZE}")
    assert cut.status_code == 400
    assert f"100 of {SIZE} bytes" in cut.json()["message"]
    probe = put(url, content_range=f"bytes */{SIZE}")
    assert (probe.status_code, probe.headers["Range"]) == (308, "bytes=0-99")
    assert put(url, TEXT[100:], f"bytes 100-{SIZE - 1}/{SIZE}").status_code == 200
    assert put(url, content_range=f"bytes */{SIZE}").status_code == 200
    ref = create(house, told["token"]).json()["ref"]
    from competition.store import get_entry

    with house.store.files.open(get_entry(house.store, ref).upload) as file:
        assert file.read() == TEXT


def test_bytes_may_be_sent_again_but_not_ahead(house: Any) -> None:
    told = start(house)
    put(told["createUrl"], TEXT[:100], f"bytes 0-99/{SIZE}")
    ahead = put(told["createUrl"], TEXT[150:], f"bytes 150-{SIZE - 1}/{SIZE}")
    assert ahead.status_code == 400
    assert put(told["createUrl"], TEXT[50:], f"bytes 50-{SIZE - 1}/{SIZE}").status_code == 200


@pytest.mark.parametrize("number", ["9" * 5000, "\u0663", "-1", ""])
def test_a_range_of_no_sensible_number_is_refused(house: Any, number: str) -> None:
    url = start(house)["createUrl"]
    for written in (f"bytes */{number}", f"bytes {number}-{number}/{SIZE}"):
        told = httpx.put(url, headers={"Content-Range": written.encode()}, timeout=60)
        assert told.status_code == 400
        assert "Content-Range must fit" in told.json()["message"]


def test_more_than_announced_is_refused_and_nothing_of_it_is_kept(house: Any) -> None:
    told = start(house)
    assert put(told["createUrl"], TEXT + b"x").status_code == 413
    refused = create(house, told["token"])
    assert refused.status_code == 400
    assert "is not complete" in refused.json()["message"]


def test_a_file_over_the_contest_limit_is_refused_before_it_is_sent(house: Any) -> None:
    fields = {"competitionName": house.slug, "fileName": "a.csv", "contentLength": 101_000_000}
    told = house.call("StartSubmissionUpload", fields)
    assert told.status_code == 400
    assert "at most" in told.json()["message"]


def test_a_full_disk_is_told_before_anything_is_sent(house: Any, monkeypatch: Any) -> None:
    monkeypatch.setattr("competition.host.uploads.SPARE_BYTES", 1 << 60)
    fields = {"competitionName": house.slug, "fileName": "a.csv", "contentLength": 10}
    told = house.call("StartSubmissionUpload", fields)
    assert told.status_code == 507
    assert "disk is full" in told.json()["message"]


@pytest.fixture
def small_disk(monkeypatch: pytest.MonkeyPatch) -> int:
    """A disk with room for so many bytes beside what stays free."""
    room = 1000
    usage = type("Usage", (), {"free": SPARE_BYTES + room})
    monkeypatch.setattr("competition.host.uploads.shutil.disk_usage", lambda _: usage)
    return room


def announce(house: Any, size: int, user: str = "ada") -> int:
    fields = {"competitionName": house.slug, "fileName": "a.csv", "contentLength": size}
    return int(house.call("StartSubmissionUpload", fields, user=user).status_code)


def test_what_was_promised_counts_as_if_it_were_there(house: Any, small_disk: int) -> None:
    assert announce(house, small_disk // 2 - 100) == 200
    assert announce(house, 101) == 507
    assert announce(house, small_disk // 2, user="eve") == 200
    assert announce(house, 200, user="grace") == 507
    house.clock.ahead = timedelta(minutes=61)
    assert announce(house, 200, user="grace") == 200


def test_a_disk_that_fills_meanwhile_stops_an_upload(house: Any, small_disk: int) -> None:
    url = start(house, size=400)["createUrl"]
    assert put(url, b"x" * 100, "bytes 0-99/400").status_code == 400
    usage = type("Usage", (), {"free": SPARE_BYTES + 10})
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("competition.host.uploads.shutil.disk_usage", lambda _: usage)
        assert put(url, b"x" * 300, "bytes 100-399/400").status_code == 507
    assert put(url, b"x" * 300, "bytes 100-399/400").status_code == 200


def test_an_upload_belongs_to_who_announced_it(house: Any) -> None:
    told = start(house)
    put(told["createUrl"], TEXT)
    assert create(house, told["token"], user="eve").status_code == 400
    assert create(house, "made-up").status_code == 404


def test_an_upload_ends_after_a_day_and_its_rest_is_swept(house: Any) -> None:
    from competition.host.context import Host
    from competition.host.signing import Signer
    from competition.host.uploads import sweep_partial_uploads

    told = start(house)
    put(told["createUrl"], TEXT[:10], f"bytes 0-9/{SIZE}")
    house.clock.ahead = timedelta(hours=25)
    assert put(told["createUrl"], content_range=f"bytes */{SIZE}").status_code == 404
    host = Host(house.store, Signer(b""), house.clock)
    (host.partial_uploads / "taken-meanwhile.part").symlink_to("nowhere")
    assert sweep_partial_uploads(host, house.clock()) == 1
    assert [path.name for path in host.partial_uploads.iterdir()] == ["taken-meanwhile.part"]


def test_a_host_outlives_a_sweep_that_fails(
    house: Any, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def fail(*_: object) -> int:
        raise OSError("the database is away")

    monkeypatch.setattr("competition.host.app.sweep_partial_uploads", fail)
    with running_host(house.store) as url:
        while "old uploads were not removed" not in caplog.text:
            time.sleep(0.01)
        assert httpx.get(f"{url}/healthz", timeout=60).status_code == 200


def test_a_whole_upload_leaves_no_second_copy(house: Any) -> None:
    told = start(house)
    put(told["createUrl"], TEXT)
    assert not list((house.store.home / "uploads" / "partial").glob("*"))
