"""Downloads: signed addresses, parts, and bundles that stay the same."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import httpx
import pytest

from competition.store import change_contest, get_contest


def address(house: Any, file: str | None = "train.csv") -> str:
    fields = {"competitionName": house.slug, **({"fileName": file} if file else {})}
    told = house.call("DownloadDataFile" if file else "DownloadDataFiles", fields)
    assert told.status_code == 302
    location = told.headers["Location"]
    assert location.startswith("/files/")
    return str(house.url + location)


def test_the_address_ends_in_the_file_name_and_needs_no_credentials(house: Any) -> None:
    assert address(house).rsplit("/", 1)[1] == "train.csv"
    assert address(house, None).rsplit("/", 1)[1] == "pit-or-flesh.zip"
    assert httpx.get(address(house), timeout=60).text.startswith("id,hardness,is_pit\n")


def test_the_answer_carries_what_clients_need_to_resume(house: Any) -> None:
    told = httpx.get(address(house), headers={"Accept-Encoding": "gzip, deflate"}, timeout=60)
    assert told.headers["Content-Type"] == "application/octet-stream"
    assert told.headers["Accept-Ranges"] == "bytes"
    assert int(told.headers["Content-Length"]) == len(told.content)
    assert told.headers["ETag"].startswith('"')
    assert told.headers["Last-Modified"].endswith("GMT")
    assert "Content-Encoding" not in told.headers


def test_a_part_is_given_while_the_file_is_the_same(house: Any) -> None:
    url = address(house)
    whole = httpx.get(url, timeout=60)
    tag = whole.headers["ETag"]
    part = httpx.get(url, headers={"Range": "bytes=10-", "If-Range": tag}, timeout=60)
    assert part.status_code == 206
    assert part.content == whole.content[10:]
    assert (
        part.headers["Content-Range"] == f"bytes 10-{len(whole.content) - 1}/{len(whole.content)}"
    )
    by_date = httpx.get(
        url, headers={"Range": "bytes=0-4", "If-Range": whole.headers["Last-Modified"]}, timeout=60
    )
    assert (by_date.status_code, by_date.content) == (206, whole.content[:5])
    other = httpx.get(url, headers={"Range": "bytes=10-", "If-Range": '"other"'}, timeout=60)
    assert (other.status_code, other.content) == (200, whole.content)
    assert httpx.get(url, headers={"Range": "bytes=99999-"}, timeout=60).status_code == 416
    assert httpx.get(url, headers={"If-None-Match": tag}, timeout=60).status_code == 304


def test_a_head_request_tells_the_size(house: Any) -> None:
    told = httpx.head(address(house), timeout=60)
    assert (told.status_code, told.content) == (200, b"")
    assert int(told.headers["Content-Length"]) > 0


def test_an_address_ends_and_a_forged_one_never_works(house: Any) -> None:
    url = address(house)
    forged = httpx.get(url.replace("/files/", "/files/x"), timeout=60)
    assert forged.status_code == 403
    assert "was not written by this host" in forged.json()["message"]
    house.clock.ahead = timedelta(hours=13)
    assert "has expired" in httpx.get(url, timeout=60).json()["message"]


def test_a_bundle_is_the_same_bytes_each_time_even_when_made_again(house: Any) -> None:
    first = httpx.get(address(house, None), timeout=60)
    for path in (house.store.home / "uploads" / "bundles").glob("*.zip"):
        path.unlink()
    second = httpx.get(address(house, None), timeout=60)
    assert first.content == second.content
    assert first.headers["ETag"] == second.headers["ETag"]


def test_when_the_data_change_the_bundle_and_its_date_change(house: Any, tmp_path: Any) -> None:
    before = httpx.get(address(house, None), timeout=60)
    house.clock.ahead = timedelta(seconds=5)
    (tmp_path / "new.csv").write_text("id,hardness,is_pit\n1,2,1\n")
    digest = house.store.files.put(tmp_path / "new.csv")
    contest = get_contest(house.store, house.slug)
    change_contest(
        house.store,
        house.slug,
        contest=contest,
        data={"train.csv": digest},
        actor="grace",
        now=house.clock(),
    )
    after = httpx.get(address(house, None), timeout=60)
    assert before.headers["ETag"] != after.headers["ETag"]
    assert before.headers["Last-Modified"] != after.headers["Last-Modified"]


def test_an_unknown_file_is_named_with_a_near_one(house: Any) -> None:
    told = house.call("DownloadDataFile", {"competitionName": house.slug, "fileName": "trian.csv"})
    assert told.status_code == 404
    assert "train.csv" in told.json()["message"]


@pytest.mark.parametrize("name", ["../solution.csv", "solution.csv", "/etc/passwd", "..", ""])
def test_nothing_but_the_data_can_be_downloaded(house: Any, name: str) -> None:
    told = house.call("DownloadDataFile", {"competitionName": house.slug, "fileName": name})
    assert told.status_code == 404


def test_files_older_than_zip_archives_and_such_that_do_not_pack_are_bundled(
    house: Any, tmp_path: Any
) -> None:
    import io
    import os
    import zipfile
    from datetime import UTC, datetime

    from competition.host.bundles import Member, bundle_path, make_bundle
    from competition.host.context import Host
    from competition.host.signing import Signer

    noise = os.urandom(100_000)
    digest = house.store.files.put(io.BytesIO(noise))
    host = Host(house.store, Signer(b""), house.clock)
    key = make_bundle(host, [Member("noise.bin", digest, datetime(1970, 1, 1, tzinfo=UTC))])
    with zipfile.ZipFile(bundle_path(host, key)) as archive:
        (info,) = archive.infolist()
        assert (info.compress_type, info.date_time[0]) == (zipfile.ZIP_STORED, 1980)
        assert archive.read("noise.bin") == noise
