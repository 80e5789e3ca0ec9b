"""Answer the one request on standard input."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable

from submissions.kaggle_process.downloading import download
from submissions.kaggle_process.failures import failure_of
from submissions.kaggle_process.looking import entries, follow, leaderboard, quota
from submissions.kaggle_process.sending import find, send
from submissions.kaggle_process.session import (
    Arguments,
    Channel,
    NoCredentials,
    Session,
    Unclear,
    status_of,
)

VERBS: dict[str, Callable[[Session, Arguments], Arguments]] = {
    verb.__name__: verb for verb in (send, find, entries, follow, quota, leaderboard, download)
}


def main() -> None:
    """Do what the request asks, and answer with a result or a failure."""
    channel = Channel()
    request = json.load(sys.stdin)
    is_kaggle = request.pop("is_kaggle")
    try:
        session = Session(request.pop("url"), is_kaggle, channel)
        channel.send(result=VERBS[request.pop("verb")](session, request))
    except Exception as error:  # noqa: BLE001 - every failure is told to the parent, which judges it
        channel.send(failure=_failure(error, is_kaggle))


def _failure(error: Exception, is_kaggle: bool) -> Arguments:
    if isinstance(error, NoCredentials):
        return {"kind": "credentials", "message": ""}
    if isinstance(error, Unclear):
        return {"kind": "unclear", "message": str(error)}
    if isinstance(error, LookupError):
        return {"kind": "unknown", "message": str(error.args[0])}
    found = failure_of(error, is_kaggle=is_kaggle)
    if found["kind"] != "stranger" and status_of(error):
        return {"kind": "refused", "status": status_of(error), "message": str(error)}
    return found


main()
