"""What passes on the wire: targets, tunnels, headers."""

from __future__ import annotations

import socket
import threading
from typing import Any
from urllib.parse import urlsplit

import httpx


def exchange(url: str, request: bytes) -> bytes:
    place = urlsplit(url)
    with socket.create_connection((place.hostname or "", place.port or 0), timeout=120) as link:
        link.sendall(request)
        answer = b""
        while block := link.recv(65536):
            answer += block
    return answer


def test_an_absolute_target_is_served_by_its_path(house: Any) -> None:
    told = exchange(
        house.url,
        b"GET http://localhost/healthz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n",
    )
    assert told.startswith(b"HTTP/1.1 200")
    assert b'{"status":"ok"}' in told


def test_the_host_is_no_open_proxy(house: Any) -> None:
    called = threading.Event()
    with socket.create_server(("127.0.0.1", 0)) as other:
        other.settimeout(1)
        port = other.getsockname()[1]
        request = f"GET http://127.0.0.1:{port}/secret HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nConnection: close\r\n\r\n"
        told = exchange(house.url, request.encode())
        try:
            other.accept()
            called.set()
        except TimeoutError:
            pass
    assert told.startswith(b"HTTP/1.1 404")
    assert not called.is_set()


def test_no_tunnel_is_opened(house: Any) -> None:
    told = exchange(
        house.url,
        b"CONNECT example.org:443 HTTP/1.1\r\nHost: example.org:443\r\nConnection: close\r\n\r\n",
    )
    assert told.startswith((b"HTTP/1.1 405", b"HTTP/1.1 400"))


def test_an_absolute_target_works_too_where_the_server_hands_it_on_whole() -> None:
    import asyncio

    from competition.host.transport import AbsoluteTargets

    seen: list[Any] = []

    async def app(scope: Any, receive: Any, send: Any) -> None:
        seen.append(scope)

    scope = {
        "type": "http", "method": "POST", "path": "http://localhost:80/api/v1/a b",
        "raw_path": b"http://localhost:80/api/v1/a%20b", "headers": [(b"host", b"x"), (b"a", b"b")],
    }  # fmt: skip
    asyncio.run(AbsoluteTargets(app)(scope, None, None))  # type: ignore[arg-type]
    assert seen[0]["path"] == "/api/v1/a b"
    assert seen[0]["headers"] == [(b"host", b"localhost:80"), (b"a", b"b")]


def test_pages_carry_headers_that_keep_a_browser_strict(house: Any) -> None:
    told = httpx.get(house.url, timeout=60)
    assert told.status_code == 200
    policy = told.headers["Content-Security-Policy"]
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
    assert told.headers["X-Content-Type-Options"] == "nosniff"
    assert "server" not in told.headers


def test_no_answer_is_compressed_or_names_a_version(house: Any) -> None:
    told = httpx.get(house.url, headers={"Accept-Encoding": "gzip, deflate"}, timeout=60)
    assert "content-encoding" not in told.headers
    assert not [name for name in told.headers if name.startswith("x-kaggle")]
