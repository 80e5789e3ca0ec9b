"""What the host says of itself: one JSON line per request, and figures in Prometheus' form.

Neither holds a token: of an address only its kind is kept where the address is itself a right.
"""

from __future__ import annotations

import json
import logging
import resource
import sys
import threading
import time
from collections import Counter
from collections.abc import Collection, Mapping
from datetime import UTC, datetime
from ipaddress import ip_address

from sqlalchemy import func, select
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from competition.host.context import host_of
from competition.host.failures import Failure
from competition.host.identity import user_behind
from competition.queue import count_workers
from competition.store.schema import JobRow

__all__ = ["Figures", "JsonLines", "Observed", "figures_page", "shown_path"]

log = logging.getLogger("competition.host.access")

BOUNDS_S = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)
_METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "CONNECT"})
_UNKNOWN = "unknown"
_SECRET_FOLDERS = frozenset({"uploads", "files", "invitations"})


class Figures:
    """Counts of requests since the process began.

    Parameters
    ----------
    calls : collection of str
        The calls that have a kind of their own, such as ``Service/Method``.
    """

    def __init__(self, calls: Collection[str] = ()) -> None:
        self._calls = frozenset(call.rsplit("/", 1)[-1] for call in calls)
        self._turn = threading.Lock()
        self._requests: Counter[tuple[str, str, int]] = Counter()
        self._seconds: dict[str, float] = {}
        self._buckets: dict[str, Counter[float]] = {}
        self.open = 0

    def count(self, method: str, path: str, status: int, seconds: float) -> None:
        """Count a request; what this host does not know shares one label."""
        kind = kind_of(path, self._calls)
        method = method if method in _METHODS else _UNKNOWN
        with self._turn:
            self._requests[method, kind, status] += 1
            self._seconds[kind] = self._seconds.get(kind, 0.0) + seconds
            bound = next((bound for bound in BOUNDS_S if seconds <= bound), float("inf"))
            self._buckets.setdefault(kind, Counter())[bound] += 1

    def lines(self) -> list[str]:
        """Return the counts in Prometheus' text form."""
        with self._turn:
            lines = ["# TYPE ripe_requests_total counter"]
            lines += [
                f'ripe_requests_total{{method="{method}",kind="{kind}",status="{status}"}} {count}'
                for (method, kind, status), count in sorted(self._requests.items())
            ]
            lines.append("# TYPE ripe_request_seconds histogram")
            for kind, buckets in sorted(self._buckets.items()):
                lines += _histogram(kind, buckets, self._seconds[kind])
            return [*lines, "# TYPE ripe_requests_open gauge", f"ripe_requests_open {self.open}"]


class JsonLines(logging.Formatter):
    """Writes each record as one line of JSON; what a request's line says stands beside."""

    def format(self, record: logging.LogRecord) -> str:
        """Return a record as one line."""
        line: dict[str, object] = {
            "time": datetime.fromtimestamp(record.created, tz=UTC).isoformat(
                timespec="milliseconds"
            ),
            "level": record.levelname.lower(),
            "logger": record.name,
        }
        if record.name == log.name:
            line |= json.loads(record.getMessage())
        else:
            line["message"] = record.getMessage()
        if record.exc_info:
            line["error"] = self.formatException(record.exc_info)
        return json.dumps(line, ensure_ascii=False)


class Observed:
    """Logs and counts every request that passes."""

    def __init__(self, app: ASGIApp, figures: Figures) -> None:
        self.app = app
        self.figures = figures

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on and note how it ended."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        seen = {"status": 500, "bytes": 0}
        begun = time.perf_counter()

        async def send_and_see(message: Message) -> None:
            if message["type"] == "http.response.start":
                seen["status"] = message["status"]
            seen["bytes"] += len(message.get("body", b""))
            await send(message)

        self.figures.open += 1
        try:
            await self.app(scope, receive, send_and_see)
        finally:
            self.figures.open -= 1
            self._note(scope, seen, time.perf_counter() - begun)

    def _note(self, scope: Scope, seen: Mapping[str, int], seconds: float) -> None:
        path = shown_path(scope["path"])
        self.figures.count(scope["method"], path, seen["status"], seconds)
        if log.isEnabledFor(logging.INFO):
            line = {
                "method": scope["method"],
                "path": path,
                "status": seen["status"],
                "ms": round(seconds * 1000, 1),
                "bytes": seen["bytes"],
                "client": (scope.get("client") or ["-"])[0],
                "user": scope.get("ripe.user"),
            }
            log.info("%s", json.dumps(line, ensure_ascii=False))


def shown_path(path: str) -> str:
    """Return a path without what is itself a right.

    Examples
    --------
    >>> shown_path("/files/eyJrIjoi/train.csv")
    '/files/…/train.csv'
    """
    parts = path.split("/")
    if len(parts) > 2 and parts[1] in _SECRET_FOLDERS:
        parts[2] = "…"
    return "/".join(parts)[:200]


def kind_of(path: str, calls: Collection[str]) -> str:
    """Return the kind of a path, of which there are few."""
    parts = path.split("/")
    if path.startswith("/api/v1/") and len(parts) == 5:
        return parts[4] if parts[4] in calls else _UNKNOWN
    known = {
        "",
        "api",
        "competitions",
        "files",
        "healthz",
        "metrics",
        "static",
        "uploads",
        "worker",
    }
    return parts[1] or "index" if len(parts) > 1 and parts[1] in known else "other"


def figures_page(request: Request) -> Response:
    """Answer ``GET /metrics``, for this machine and for administrators."""
    host = host_of(request)
    user = user_behind(host.store, request.headers.get("authorization"), host.clock())
    if not (user is not None and user.is_admin) and not _is_near(request):
        raise Failure(403, "figures are for this machine and for administrators' tokens")
    with host.store.reading() as session:
        waiting = session.scalar(select(func.count()).select_from(JobRow)) or 0
    lines = [
        *request.app.state.figures.lines(),
        "# TYPE ripe_entries_waiting gauge",
        f"ripe_entries_waiting {waiting}",
        "# TYPE ripe_workers gauge",
        f"ripe_workers {count_workers(host.store, host.clock())}",
        "# TYPE ripe_peak_memory_bytes gauge",
        f"ripe_peak_memory_bytes {_peak_memory_bytes()}",
    ]
    return PlainTextResponse("\n".join(lines) + "\n", media_type="text/plain; version=0.0.4")


def _histogram(kind: str, buckets: Mapping[float, int], seconds: float) -> list[str]:
    lines, total = [], 0
    for bound in (*BOUNDS_S, float("inf")):
        total += buckets.get(bound, 0)
        edge = "+Inf" if bound == float("inf") else f"{bound:g}"
        lines.append(f'ripe_request_seconds_bucket{{kind="{kind}",le="{edge}"}} {total}')
    lines.append(f'ripe_request_seconds_sum{{kind="{kind}"}} {seconds:.6f}')
    return [*lines, f'ripe_request_seconds_count{{kind="{kind}"}} {total}']


def _is_near(request: Request) -> bool:
    """Say whether a program on this machine asks for itself, not a proxy for somebody else."""
    if "x-forwarded-for" in request.headers or "forwarded" in request.headers:
        return False
    try:
        return request.client is not None and ip_address(request.client.host).is_loopback
    except ValueError:
        return False


def _peak_memory_bytes() -> int:
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak if sys.platform == "darwin" else peak * 1024
