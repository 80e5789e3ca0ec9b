"""Several host processes on one database, and the client's own address on port 80."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import httpx
import pytest

from competition.host import create_app, open_port, running_app
from competition.store import add_contest, add_user, create_token, get_entry, open_store


@pytest.fixture
def two_hosts(
    database: str,
    tmp_path: Path,
    write_contest: Callable[..., Any],
    house: Any,
) -> Iterator[tuple[list[str], str, Any]]:
    """Two hosts with homes of their own, one PostgreSQL database and one folder of files."""
    write_contest(tmp_path / "c", slug="shared")
    with ExitStack() as stack:
        urls, stores = [], []
        for name in ("one", "two"):
            store = stack.enter_context(
                open_store(tmp_path / name, database=database, files=tmp_path / "files")
            )
            listening = stack.enter_context(open_port("127.0.0.1", 0))
            stack.enter_context(running_app(create_app(store), listening))
            urls.append(f"http://127.0.0.1:{listening.getsockname()[1]}")
            stores.append(store)
        add_user(stores[0], "lin", now=house.clock())
        add_contest(stores[0], tmp_path / "c", now=house.clock())
        yield urls, create_token(stores[0], "lin", now=house.clock()), stores[1]


@pytest.mark.parametrize("database", ["postgresql"], indirect=True)
def test_what_one_host_begins_the_other_can_finish(
    two_hosts: tuple[list[str], str, Any], submission: Callable[[int], str]
) -> None:
    (one, two), token, store = two_hosts
    content = submission(0).encode()

    def call(url: str, method: str, **fields: object) -> httpx.Response:
        return httpx.post(
            f"{url}/api/v1/competitions.CompetitionApiService/{method}",
            json={"competitionName": "shared", **fields},
            headers={"Authorization": f"Bearer {token}"},
            timeout=60,
        )

    begun = call(one, "StartSubmissionUpload", fileName="a.csv", contentLength=len(content)).json()
    assert (
        httpx.put(begun["createUrl"].replace(one, two), content=content, timeout=60).status_code
        == 200
    )
    ref = call(one, "CreateSubmission", blobFileTokens=begun["token"]).json()["ref"]
    with store.files.open(get_entry(store, ref).upload) as file:
        assert file.read() == content
    address = call(one, "DownloadDataFile", fileName="test.csv").headers["Location"]
    assert httpx.get(two + address, timeout=60).status_code == 200


def test_the_client_finds_a_host_on_port_80_by_itself(kaggle: Any, house: Any) -> None:
    try:
        listening = open_port("127.0.0.1", 80)
    except OSError as error:
        pytest.skip(f"port 80 of this machine cannot be had: {error}")
    with listening, running_app(create_app(house.store), listening):
        direct = {"http_proxy": "", "no_proxy": "localhost", "NO_PROXY": "localhost"}
        listed = kaggle("competitions", "list", env=direct)
        assert listed.status == 0, listed.said
        assert "pit-or-flesh" in listed.out
        fetched = kaggle("competitions", "download", "pit-or-flesh", env=direct)
        assert fetched.status == 0, fetched.said
    assert not house.requests
