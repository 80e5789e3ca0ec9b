"""A participant's machine, a running host, and a line to it that can break on demand."""

from __future__ import annotations

import http.client
import json
import os
import random
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import urlsplit

import pandas as pd
import pytest

from competition.building import SplitPlan, build_contest_folder
from competition.host import running_host
from competition.store import Store, add_contest, add_user, create_token, open_store
from experiments.ledger.predictions import open_tracking
from submissions import Server

DECOY = "decoy-of-the-real-kaggle-token"
Answer = tuple[int, str, bytes]


@pytest.fixture(autouse=True)
def user_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A home folder with real-looking Kaggle credentials in every place that clients look at."""
    folder = tmp_path / "user"
    kaggle = folder / ".kaggle"
    kaggle.mkdir(parents=True)
    (kaggle / "access_token").write_text(DECOY)
    (kaggle / "kaggle.json").write_text(json.dumps({"username": "real", "key": DECOY}))
    (kaggle / "kaggle.json").chmod(0o600)
    (kaggle / "credentials.json").write_text(
        json.dumps({"refresh_token": DECOY, "access_token": DECOY, "username": "real"})
    )
    (folder / ".netrc").write_text(f"machine 127.0.0.1 login real password {DECOY}\n")
    (folder / ".netrc").chmod(0o600)
    for name in [name for name in os.environ if name.startswith(("RIPE_", "KAGGLE_"))]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("HOME", str(folder))
    monkeypatch.setenv("NO_PROXY", "*")
    monkeypatch.setenv("RIPE_KAGGLE_URL", "http://127.0.0.1:9")
    return folder


@dataclass
class Request:
    """A request as it came over the line."""

    method: str
    path: str
    headers: dict[str, str]
    body: bytes

    @property
    def call(self) -> str:
        """The name of the call, or PUT and GET for plain ones."""
        return self.path.rsplit("/", 1)[-1] if self.method == "POST" else self.method


@dataclass
class Line:
    """A server that passes requests on, unless told otherwise for a call.

    ``faults`` maps a call to what happens to its next uses, one each: an answer
    ``(status, content type, body)`` in place of the real one, ``"cut before"`` it is passed on,
    ``"cut after"``, ``"cut half"`` through its answer, or ``"pass"``.
    """

    url: str
    upstream: str | None = None
    faults: dict[str, list[Answer | str]] = field(default_factory=dict)
    seen: list[Request] = field(default_factory=list)

    def calls(self) -> list[str]:
        return [request.call for request in self.seen]

    def refuse(self, call: str, status: int, message: str, times: int = 1) -> None:
        body = json.dumps({"code": status, "message": message}).encode()
        self.faults.setdefault(call, []).extend([(status, "application/json", body)] * times)

    def answer(self, call: str, value: object, times: int = 1) -> None:
        body = json.dumps(value).encode()
        self.faults.setdefault(call, []).extend([(200, "application/json", body)] * times)


class LineHandler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    line: Line

    def log_message(self, *_: object) -> None:
        pass

    def handle_any(self) -> None:
        length = int(self.headers.get("Content-Length") or 0)
        request = Request(self.command, self.path, dict(self.headers), self.rfile.read(length))
        self.line.seen.append(request)
        waiting = self.line.faults.get(request.call)
        fault = waiting.pop(0) if waiting else "pass"
        if fault == "cut before":
            self.close_connection = True
        elif isinstance(fault, tuple):
            self.reply(*fault)
        elif self.line.upstream is None:
            self.reply(404, "application/json", b'{"code": 404, "message": "not found"}')
        else:
            self.pass_on(request, fault)

    do_GET = do_POST = do_PUT = handle_any  # noqa: N815 - the names that the base class calls

    def reply(self, status: int, kind: str, body: bytes) -> None:
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def pass_on(self, request: Request, fault: str) -> None:
        assert self.line.upstream
        connection = http.client.HTTPConnection(urlsplit(self.line.upstream).netloc, timeout=60)
        connection.request(request.method, request.path, request.body, request.headers)
        answer = connection.getresponse()
        body = answer.read()
        connection.close()
        self.close_connection = fault.startswith("cut")
        if fault == "cut after":
            return
        self.send_response_only(answer.status)
        for name, value in answer.getheaders():
            if name.lower() != "transfer-encoding":
                self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body[: len(body) // 2] if fault == "cut half" else body)


@pytest.fixture
def make_line() -> Iterator[Callable[[str | None], Line]]:
    """Start a line to a server, or to nowhere."""
    servers: list[ThreadingHTTPServer] = []

    def start(upstream: str | None = None) -> Line:
        handler = type("Handler", (LineHandler,), {})
        server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
        server.daemon_threads = True
        handler.line = Line(f"http://127.0.0.1:{server.server_address[1]}", upstream)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        servers.append(server)
        return handler.line

    yield start
    for server in servers:
        server.shutdown()
        server.server_close()


def fruit_table(rows: int = 60) -> pd.DataFrame:
    firmness = [5.0 + place for place in range(rows)]
    return pd.DataFrame(
        {"firmness": firmness, "ripe": [int(value < 5 + rows / 2) for value in firmness]}
    )


@dataclass
class RunningHost:
    """A host with one contest and one participant."""

    url: str
    store: Store
    token: str
    slug: str

    def server(self, url: str | None = None) -> Server:
        return Server(url or self.url, self.token)


@pytest.fixture(scope="module")
def host(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningHost]:
    """A real host on a free port: contest ``fruit``, participant ``ada``."""
    home = tmp_path_factory.mktemp("host")
    now = datetime.now(UTC)
    build_contest_folder(
        home / "fruit",
        slug="fruit",
        train=fruit_table(),
        targets=["ripe"],
        metric="accuracy",
        split=SplitPlan(seed=1),
        max_daily_submissions=50,
    )
    (home / "fruit" / "data" / "photos.bin").write_bytes(random.Random(0).randbytes(3_000_000))
    store = open_store(home)
    add_contest(store, home / "fruit", now=now)
    add_user(store, "ada", now=now)
    token = create_token(store, "ada", label="test", now=now)
    with running_host(store) as url:
        yield RunningHost(url, store, token, "fruit")


@pytest.fixture(scope="session")
def empty_tracking(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An MLflow database without runs; making its tables takes seconds, copying it nothing."""
    home = tmp_path_factory.mktemp("tracking")
    open_tracking(home)
    return home / "mlflow.db"
