"""The kaggle package, pointed at one server and made to report instead of print."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Callable
from typing import Any

__all__ = [
    "Arguments",
    "Channel",
    "NoCredentials",
    "Session",
    "Unclear",
    "again",
    "may_pass",
    "never_arrived",
    "status_of",
]

Arguments = dict[str, Any]
"""What a JSON object of the channel holds."""

ATTEMPTS = 3
CONNECT_SECONDS, READ_SECONDS = 15, 300
TELL_EVERY_SECONDS = 0.1


class NoCredentials(Exception):
    """The kaggle package found no credentials that work."""


class Unclear(Exception):
    """The request that makes an entry was cut off, and no new entry shows."""


class Channel:
    """The line to the parent process, kept apart from what libraries print."""

    def __init__(self) -> None:
        self._stream = os.fdopen(os.dup(1), "w", encoding="utf-8")
        os.dup2(2, 1)

    def send(self, **message: Any) -> None:
        """Send one JSON object."""
        self._stream.write(json.dumps(message) + "\n")
        self._stream.flush()

    def event(self, kind: str, **details: Any) -> None:
        """Tell the parent how far the work is."""
        self.send(event=kind, **details)


class ProgressEvents:
    """Stands in for the kaggle package's progress bar and tells the parent instead."""

    channel: Channel

    def __init__(self, *, total: int | None = None, initial: int = 0, **_: Any) -> None:
        self.total, self.done, self.told_at = total, initial, 0.0

    def __enter__(self) -> ProgressEvents:
        return self

    def __exit__(self, *_: object) -> None:
        self._tell()

    def update(self, steps: int) -> None:
        """Count `steps` more bytes."""
        self.done += steps
        if time.monotonic() - self.told_at > TELL_EVERY_SECONDS:
            self._tell()

    def _tell(self) -> None:
        self.told_at = time.monotonic()
        self.channel.event("bytes", done=self.done, total=self.total)


class Session:
    """The kaggle package, pointed at one server."""

    def __init__(self, url: str, is_kaggle: bool, channel: Channel) -> None:
        _point_at(url, is_kaggle)
        _bound_waiting()
        import kaggle
        from kaggle.api import kaggle_api_extended

        ProgressEvents.channel = channel
        kaggle_api_extended.tqdm = ProgressEvents
        kaggle_api_extended.Retry = _few_retries
        self.kaggle = kaggle.api
        self.channel = channel
        self.is_kaggle = is_kaggle

    def competitions(self) -> Any:
        """Return the client of the competition service."""
        return self.kaggle.build_kaggle_client().competitions.competition_api_client

    def datasets(self) -> Any:
        """Return the client of the data set service."""
        return self.kaggle.build_kaggle_client().datasets.dataset_api_client

    def require_credentials(self) -> None:
        """Stop before the first request when Kaggle could only refuse it."""
        if not self.is_kaggle or self.kaggle._authenticated:
            return
        try:
            self.kaggle.authenticate()
        except SystemExit:
            raise NoCredentials from None


def again(request: Callable[[], Any], may_repeat: Callable[[Exception], bool]) -> Any:
    """Do a request, and once more after each failure of the kind that may be repeated."""
    for attempt in range(ATTEMPTS - 1):
        try:
            return request()
        except Exception as error:
            if not may_repeat(error):
                raise
        time.sleep(0.5 * 2**attempt)
    return request()


def may_pass(error: Exception) -> bool:
    """Whether the same request may go through a moment later."""
    import requests

    return isinstance(error, requests.ConnectionError) or status_of(error) in (429, 502, 503, 504)


def never_arrived(error: BaseException | None) -> bool:
    """Whether no connection was ever made, so that the server cannot have acted."""
    from urllib3.exceptions import NewConnectionError

    while error is not None:
        reason = getattr(next(iter(error.args), None), "reason", None)
        if isinstance(error, NewConnectionError) or isinstance(reason, NewConnectionError):
            return True
        error = error.__context__
    return False


def status_of(error: BaseException) -> int:
    """Return the HTTP status of an error answer, also of one sent inside a 200; else 0."""
    response = getattr(error, "response", None)
    if response is None:
        return 0
    if response.status_code >= 400:
        return int(response.status_code)
    try:
        return int(response.json()["code"])
    except (ValueError, KeyError, TypeError):
        return int(response.status_code)


def _point_at(url: str, is_kaggle: bool) -> None:
    from kagglesdk import kaggle_env

    place = kaggle_env.KaggleEnv.PROD if is_kaggle else kaggle_env.KaggleEnv.LOCAL
    kaggle_env._env_to_endpoint[place] = url


def _bound_waiting() -> None:
    """Give every request that has no time limit one: the kaggle package sets none."""
    from requests.adapters import HTTPAdapter

    unbounded = HTTPAdapter.send

    def send(self: Any, request: Any, *, timeout: Any = None, **options: Any) -> Any:
        limits = timeout or (CONNECT_SECONDS, READ_SECONDS)
        return unbounded(self, request, timeout=limits, **options)

    HTTPAdapter.send = send  # type: ignore[method-assign, assignment]


def _few_retries(**_: Any) -> Any:
    """Retries of one upload request; the package's ten can take six minutes."""
    from urllib3.util.retry import Retry

    return Retry(total=2, backoff_factor=0.5)
