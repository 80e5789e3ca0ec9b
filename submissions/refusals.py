"""What a failed request means to the person in front of it: the rule, and what to do."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from submissions.errors import (
    NotPermitted,
    NotSignedIn,
    SendUnclear,
    ServerRefused,
    ServerUnreachable,
    SubmissionError,
    UnknownName,
)
from submissions.servers import Server

__all__ = ["explained"]


def explained(failure: Mapping[str, Any], server: Server, subject: str) -> SubmissionError:
    """Return the error to raise for a failure that the child process told.

    Parameters
    ----------
    failure : mapping
        ``kind``, ``message`` and, for a refusal, the HTTP ``status``.
    server : Server
        Which server it was.
    subject : str
        The contest (``SLUG``) or data set (``OWNER/DATASET``) that it was about.
    """
    kind, message = failure["kind"], str(failure["message"]).strip()
    if kind == "credentials":
        return NotSignedIn(_how_to_sign_in("Kaggle needs an account for this"))
    if kind == "unreachable":
        return ServerUnreachable(_unreachable(server))
    if kind == "hung up":
        return ServerUnreachable(_hung_up(server))
    if kind == "no https":
        return ServerUnreachable(
            f"what answers at {server.url} does not speak https; if it is to be reached without, "
            "name it with http://"
        )
    if kind == "untrusted":
        return ServerUnreachable(_untrusted(message, server))
    if kind == "stranger":
        return ServerRefused(_stranger(message, server))
    if kind == "unknown":
        return UnknownName(message)
    if kind == "unclear":
        return SendUnclear(
            f"{server.name} gave no answer to the request for an entry ({message}), and the entry "
            "is not on your list there; nothing was sent twice. Look again in a minute, then send"
        )
    if kind == "refused":
        return _refused(int(failure["status"]), message, server, subject)
    return ServerRefused(f"the kaggle client failed on {server.name}: {message}")


def _how_to_sign_in(reason: str) -> str:
    return (
        f"{reason}: make a token at https://www.kaggle.com/settings/api and save it as "
        "~/.kaggle/access_token (or set KAGGLE_API_TOKEN)"
    )


def _unreachable(server: Server) -> str:
    if server.is_kaggle:
        return (
            f"Kaggle cannot be reached at {server.url}: check the network connection and the "
            "proxy settings, then run this again"
        )
    return (
        f"no host answers at {server.url}: start one with 'ripe up', or name another with "
        "--server or RIPE_SERVER"
    )


def _hung_up(server: Server) -> str:
    if server.is_kaggle:
        return _unreachable(server)
    in_the_open = server.url.startswith("http://")
    advice = "if it serves https, name it with https://" if in_the_open else "run this again"
    return f"what answers at {server.url} ended the connection without a word; {advice}"


def _untrusted(reason: str, server: Server) -> str:
    if server.is_kaggle:
        return f"the certificate shown for Kaggle at {server.url} is not trusted here ({reason})"
    return (
        f"the certificate of {server.name} is not trusted here ({reason}), so nothing was sent: "
        "name the file of the authority that signed it in REQUESTS_CA_BUNDLE"
    )


def _stranger(answer: str, server: Server) -> str:
    return (
        f"{server.url} is not a Ripe host: it answered {answer}, as no Ripe host does; "
        "check the address (--server, RIPE_SERVER or client.toml)"
    )


def _refused(status: int, message: str, server: Server, subject: str) -> ServerRefused:
    if status == 401:
        return NotSignedIn(_token_refused(server), status)
    if status == 403:
        return NotPermitted(_forbidden(message, server, subject), status)
    if status == 404:
        return UnknownName(_unknown(message, server, subject), status)
    if status == 429:
        return ServerRefused(f"{server.name} is asked too often: wait a minute, then again", status)
    if status >= 500:
        return ServerRefused(
            f"{server.name} failed ({status}): {message.rstrip('.')}; try again later", status
        )
    return ServerRefused(message, status)


def _token_refused(server: Server) -> str:
    if server.is_kaggle:
        return _how_to_sign_in("Kaggle does not accept these credentials")
    if server.token is None:
        return (
            f"{server.name} wants a token: ask its owner for one ('ripe user token NAME'), then "
            "set RIPE_TOKEN"
        )
    return (
        f"{server.name} does not accept this token: it was mistyped, revoked, has ended or belongs "
        f"to another host; make a new one at {server.url}/account or ask its owner "
        "('ripe user token NAME'), then set RIPE_TOKEN"
    )


def _forbidden(message: str, server: Server, subject: str) -> str:
    if not server.is_kaggle:
        return message
    if "/" in subject:
        return f"Kaggle does not hand out {subject}: it may be private; look at {_page(subject)}"
    return (
        f"Kaggle wants the rules of {subject} accepted first: open {_page(subject)}/rules, "
        "accept them, then run this again"
    )


def _unknown(message: str, server: Server, subject: str) -> str:
    if not server.is_kaggle:
        return message
    kind = "data set" if "/" in subject else "contest"
    hint = "" if "/" in subject else "; a data set is named OWNER/DATASET"
    return f"Kaggle knows no {kind} {subject!r}, or not that file or version of it{hint}"


def _page(subject: str) -> str:
    kind = "datasets" if "/" in subject else "competitions"
    return f"https://www.kaggle.com/{kind}/{subject}"
