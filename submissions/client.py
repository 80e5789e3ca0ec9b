"""One request to a server through the official kaggle client, in a fresh process.

The environment of that process is made here, and it is what keeps credentials apart:

- **to a Ripe host** goes our token as ``KAGGLE_API_TOKEN``, together with
  ``KAGGLE_API_ENVIRONMENT=LOCALHOST``; the home folder is an empty temporary one, so that nothing
  in ``~/.kaggle`` (nor ``~/.netrc``) can be found;
- **to Kaggle** go the user's own Kaggle credentials, but never ours: neither ``RIPE_TOKEN`` nor a
  ``KAGGLE_API_TOKEN`` that was set beside another ``KAGGLE_API_ENVIRONMENT``, which is a host's.
"""

from __future__ import annotations

import contextlib
import json
import logging
import os
import site
import subprocess
import sys
import tempfile
import threading
from collections.abc import Callable, Generator, Iterator, Mapping
from pathlib import Path
from typing import IO, Any

from submissions.refusals import explained
from submissions.servers import Server

__all__ = ["OnEvent", "ask", "child_environment"]

OnEvent = Callable[[dict[str, Any]], None]
"""Called with each event of the child process."""

logger = logging.getLogger(__name__)

KEPT_VARIABLES = (
    *("PATH", "LANG", "LC_ALL", "LC_CTYPE", "TZ", "SYSTEMROOT", "LD_LIBRARY_PATH"),
    *("SSL_CERT_FILE", "SSL_CERT_DIR", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"),
)
PROXY_VARIABLES = ("http_proxy", "https_proxy", "all_proxy", "no_proxy")
KAGGLE_VARIABLES = ("KAGGLE_API_TOKEN", "KAGGLE_USERNAME", "KAGGLE_KEY", "KAGGLE_CONFIG_DIR")
KAGGLE_HOME_VARIABLES = ("HOME", "USERPROFILE", "XDG_CONFIG_HOME")
LIMIT_SECONDS = 900.0
"""The longest that one request may take without telling of any progress."""


def ask(
    server: Server,
    verb: str,
    *,
    subject: str,
    on_event: OnEvent | None = None,
    limit_seconds: float = LIMIT_SECONDS,
    **arguments: Any,
) -> dict[str, Any]:
    """Do one request in a fresh child process and return its answer.

    Parameters
    ----------
    server : Server
        Where to.
    verb : str
        A verb of `submissions.kaggle_process`.
    subject : str
        The contest or data set that it is about, for messages.
    on_event : callable, optional
        Called with every event that the child tells.
    limit_seconds : float
        The child is ended when it tells nothing for so long.
    **arguments
        What the verb takes.

    Raises
    ------
    SubmissionError
        One of its kinds, with one clear message.
    """
    request = {"verb": verb, "url": server.url, "is_kaggle": server.is_kaggle, **arguments}
    failure: dict[str, Any] = {"kind": "ended", "message": "it ended without an answer"}
    with contextlib.closing(_messages(server, request, limit_seconds)) as messages:
        for message in messages:
            if "result" in message:
                result: dict[str, Any] = message["result"]
                return result
            if "failure" in message:
                failure = message["failure"]
            elif on_event:
                on_event(message)
    raise explained(failure, server, subject)


def child_environment(
    server: Server, folder: Path, environ: Mapping[str, str] = os.environ
) -> dict[str, str]:
    """Return the environment of a child that talks to `server`; `folder` is empty."""
    kept = {name: environ[name] for name in KEPT_VARIABLES if name in environ}
    if "SSL_CERT_FILE" in kept:  # the client's requests reads the other name alone
        kept.setdefault("REQUESTS_CA_BUNDLE", kept["SSL_CERT_FILE"])
    kept |= {"PYTHONUTF8": "1", "PYTHONSAFEPATH": "1", "TMPDIR": str(folder)}
    kept |= {"PYTHONUSERBASE": site.getuserbase()}  # packages of the user, whatever HOME says
    if not server.is_local:
        kept |= {name: value for name, value in environ.items() if name.lower() in PROXY_VARIABLES}
    if server.is_kaggle:
        return kept | _kaggle_credentials(environ)
    kept |= {"HOME": str(folder), "USERPROFILE": str(folder), "KAGGLE_CONFIG_DIR": str(folder)}
    kept |= {"KAGGLE_API_ENVIRONMENT": "LOCALHOST"}
    return kept if server.token is None else kept | {"KAGGLE_API_TOKEN": server.token}


def _kaggle_credentials(environ: Mapping[str, str]) -> dict[str, str]:
    names: tuple[str, ...] = KAGGLE_HOME_VARIABLES
    if environ.get("KAGGLE_API_ENVIRONMENT", "PROD") == "PROD":
        names += KAGGLE_VARIABLES
    found = {name: environ[name] for name in names if name in environ}
    if found.get("KAGGLE_API_TOKEN") == environ.get("RIPE_TOKEN"):
        found.pop("KAGGLE_API_TOKEN", None)
    return found


def _messages(
    server: Server, request: dict[str, Any], limit_seconds: float
) -> Generator[dict[str, Any], None, None]:
    """Start the child, hand it the request, and yield what it tells."""
    with (
        tempfile.TemporaryDirectory(prefix="ripe-") as folder,
        tempfile.TemporaryFile() as printed,
        _started(server, Path(folder), printed) as child,
    ):
        assert child.stdin and child.stdout  # noqa: S101 - both are pipes
        with contextlib.suppress(BrokenPipeError):
            child.stdin.write(json.dumps(request).encode())
            child.stdin.close()
        try:
            yield from _lines_in_time(child, limit_seconds)
        finally:
            child.kill()
            _log_printed(printed)


def _started(server: Server, folder: Path, printed: IO[bytes]) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        [sys.executable, "-P", "-m", "submissions.kaggle_process"],
        cwd=folder,
        env=child_environment(server, folder),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=printed,
    )


def _lines_in_time(
    child: subprocess.Popen[bytes], limit_seconds: float
) -> Iterator[dict[str, Any]]:
    assert child.stdout  # noqa: S101 - a pipe
    while True:
        timer = threading.Timer(limit_seconds, child.kill)
        timer.start()
        try:
            line = child.stdout.readline()
        finally:
            timer.cancel()
        if not line:
            return
        yield json.loads(line)


def _log_printed(printed: IO[bytes]) -> None:
    printed.seek(0)
    text = printed.read().decode("utf-8", errors="replace").strip()
    if text:
        logger.debug("the kaggle client printed: %s", text)
