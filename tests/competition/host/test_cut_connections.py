"""The official client over a network that breaks off."""

from __future__ import annotations

import contextlib
import os
import socket
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

from competition.store import change_contest, list_data_files

SIZE = 4 << 20
CUT_AFTER = 5 << 19


class Cutter:
    """Passes connections on, and cuts the first that has carried so many bytes one way."""

    def __init__(self, url: str, *, upwards: bool) -> None:
        self.target = (urlsplit(url).hostname, urlsplit(url).port)
        self.upwards = upwards
        self.cuts = 0
        self.listening = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self.listening.getsockname()[1]}"
        threading.Thread(target=self.accept, daemon=True).start()

    def accept(self) -> None:
        while True:
            try:
                near, _ = self.listening.accept()
            except OSError:
                return
            threading.Thread(target=self.join, args=(near,), daemon=True).start()

    def join(self, near: socket.socket) -> None:
        with near, socket.create_connection(self.target) as far:
            pairs = ((near, far, True), (far, near, False))
            ways = [threading.Thread(target=self.carry, args=pair, daemon=True) for pair in pairs]
            for way in ways:
                way.start()
            for way in ways:
                way.join()

    def carry(self, source: socket.socket, sink: socket.socket, up: bool) -> None:
        carried = 0
        with contextlib.suppress(OSError):
            while block := source.recv(65536):
                carried += len(block)
                if up is self.upwards and carried > CUT_AFTER and not self.cuts:
                    self.cuts += 1
                    break
                sink.sendall(block)
        for end in (source, sink):
            with contextlib.suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)


@pytest.fixture
def large(house: Any, tmp_path: Path) -> bytes:
    """A data file of the contest that takes a while to travel."""
    content = os.urandom(SIZE)
    (tmp_path / "large.bin").write_bytes(content)
    kept = {file.name: file.sha256 for file in list_data_files(house.store, house.slug)}
    kept["large.bin"] = house.store.files.put(tmp_path / "large.bin")
    change_contest(house.store, house.slug, data=kept, actor="grace", now=house.clock())
    return content


@pytest.fixture
def cutter(request: pytest.FixtureRequest, house: Any) -> Iterator[Cutter]:
    made = Cutter(house.url, upwards=request.param == "up")
    yield made
    made.listening.close()


@pytest.mark.parametrize("cutter", ["down"], indirect=True)
def test_a_download_that_was_cut_goes_on_where_it_ended(
    kaggle: Any, house: Any, cutter: Cutter, large: bytes, work: Path
) -> None:
    done = kaggle(
        "competitions", "download", house.slug, "-f", "large.bin", env={"http_proxy": cutter.url}
    )
    assert done.status == 0, done.said
    assert cutter.cuts == 1
    assert (work / "large.bin").read_bytes() == large
    ranges = [
        value
        for scope in house.requests
        for name, value in scope["headers"]
        if name == b"range" and scope["path"].startswith("/files/")
    ]
    assert ranges
    assert all(int(value.removeprefix(b"bytes=").rstrip(b"-")) > 0 for value in ranges)


@pytest.mark.parametrize("cutter", ["up"], indirect=True)
def test_an_upload_that_was_cut_arrives_whole(
    kaggle: Any, house: Any, cutter: Cutter, work: Path
) -> None:
    from competition.store import get_publication, publication_files

    (work / "set").mkdir()
    content = os.urandom(SIZE)
    (work / "set" / "large.bin").write_bytes(content)
    (work / "set" / "dataset-metadata.json").write_text(
        '{"title": "A large set", "id": "ada/large-set", "licenses": [{"name": "CC0-1.0"}]}'
    )
    done = kaggle("datasets", "create", "-p", "set", env={"http_proxy": cutter.url})
    assert done.status == 0, done.said
    assert cutter.cuts == 1
    found = get_publication(house.store, "dataset", "ada", "large-set")
    (file,) = publication_files(house.store, found)
    assert file.path.read_bytes() == content
