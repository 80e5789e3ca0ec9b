"""A submission file goes to a server, becomes one entry there, and gets its score."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Literal

from competition.tables import digest_file
from submissions.client import ask
from submissions.errors import EntryFailed, ScoreTimeout, SendUnclear, SubmissionError
from submissions.servers import Server

__all__ = [
    "Entry",
    "Quota",
    "SentEntry",
    "fetch_quota",
    "list_entries",
    "send_submission",
    "wait_for_score",
]

logger = logging.getLogger(__name__)

Status = Literal["pending", "complete", "error"]
OnBytes = Callable[[int, int], None]
"""Called with the bytes sent or received so far and their total."""


@dataclass(frozen=True)
class Quota:
    """How many entries a team has made and may still make.

    Attributes
    ----------
    today, total : int
        Made today, and ever.
    left : int
        What may still be made today.
    """

    today: int
    total: int
    left: int


@dataclass(frozen=True)
class Entry:
    """One entry as the server lists it; scores are None while hidden or not there.

    Attributes
    ----------
    public_text, private_text : str
        The scores in the server's own digits; empty where there is none.
    """

    ref: int
    file_name: str
    description: str
    submitted_at: datetime | None
    status: Status
    public_score: float | None
    private_score: float | None
    message: str
    team: str
    public_text: str = ""
    private_text: str = ""


@dataclass(frozen=True)
class SentEntry:
    """An entry that was made and found again on the server.

    Attributes
    ----------
    ref : int
        Its number there.
    entry : Entry
        As the server lists it right after sending.
    sha256 : str
        Digest of the file that was sent.
    board_url : str
        Address of the contest's leaderboard page.
    quota_before, quota_after : Quota or None
        None where the server does not tell.
    """

    ref: int
    entry: Entry
    sha256: str
    board_url: str
    quota_before: Quota | None
    quota_after: Quota | None


def send_submission(
    file: str | Path,
    slug: str,
    message: str,
    server: Server,
    *,
    sandbox: bool = False,
    on_bytes: OnBytes | None = None,
) -> SentEntry:
    """Send one file, and return the entry as found again through the server's list.

    Parts of a send that make no entry are repeated when they fail; the one request that makes
    the entry is repeated only when it cannot have arrived. When its answer is lost, the entry is
    looked for instead, so one call never makes two.

    Parameters
    ----------
    file : path
        The submission file.
    slug : str
        The contest.
    message : str
        The entry's description.
    server : Server
        A Ripe host or Kaggle.
    sandbox : bool
        An entry of the contest's host that counts nowhere.
    on_bytes : callable, optional
        Called as the upload goes on.

    Raises
    ------
    SendUnclear
        When the connection broke at the one request that makes the entry and none is found.
    ServerRefused, ServerUnreachable
        When the server said no, or nothing.
    """
    path = Path(file).absolute()
    if not path.is_file():
        raise SubmissionError(f"there is no file {file} to send")
    seen: dict[str, Any] = {}
    digest = digest_file(path)
    what: dict[str, Any] = {"slug": slug, "subject": slug, "message": message}
    watch = _watching(seen, on_bytes)
    try:
        answer = ask(server, "send", file=str(path), sandbox=sandbox, on_event=watch, **what)
    except SubmissionError as error:
        if "making" not in seen or isinstance(error, SendUnclear) or not _may_stand(error):
            raise
        logger.warning("the send ended early (%s); looking for its entry", error)
        known = seen["known"]["refs"]
        answer = ask(server, "find", name=path.name, known=known, **what)
    entry = _entry(answer["entry"])
    before = seen.get("known", {}).get("quota")
    return SentEntry(
        entry.ref, entry, digest, server.board_url(slug), _quota(before), _quota(answer["quota"])
    )


def wait_for_score(
    ref: int,
    slug: str,
    server: Server,
    *,
    timeout_seconds: float = 600.0,
    on_status: Callable[[Status], None] | None = None,
) -> Entry:
    """Wait until an entry has its score.

    Raises
    ------
    EntryFailed
        When the server could not score it; the message is the server's.
    ScoreTimeout
        When it is still waiting after `timeout_seconds`.
    """

    def tell(event: dict[str, Any]) -> None:
        if on_status and "status" in event:
            on_status(_status(event["status"]))

    answer = ask(
        server,
        "follow",
        subject=slug,
        slug=slug,
        ref=ref,
        seconds=timeout_seconds,
        longest_pause=10 if server.is_kaggle else 1,
        on_event=tell,
    )
    entry = _entry(answer["entry"])
    if entry.status == "error":
        reason = entry.message or "it gives no reason"
        raise EntryFailed(f"{server.name} could not score entry {ref}: {reason}", reason)
    if entry.status == "pending":
        raise ScoreTimeout(
            f"entry {ref} has no score after {timeout_seconds:g} s; it stays in the queue: "
            f"look later at {server.board_url(slug)}"
        )
    return entry


def fetch_quota(slug: str, server: Server) -> Quota:
    """Ask how many entries the user's team may still make."""
    return Quota(**ask(server, "quota", subject=slug, slug=slug))


def list_entries(slug: str, server: Server) -> list[Entry]:
    """List every entry of the user's team, newest first."""
    answer = ask(server, "entries", subject=slug, slug=slug)
    return [_entry(entry) for entry in answer["entries"]]


def _watching(seen: dict[str, Any], on_bytes: OnBytes | None) -> Callable[[dict[str, Any]], None]:
    def watch(event: dict[str, Any]) -> None:
        seen[event["event"]] = event
        if on_bytes and event["event"] == "bytes":
            on_bytes(event["done"], event["total"] or 0)

    return watch


def _may_stand(error: SubmissionError) -> bool:
    """Whether a send that failed so late may still have made its entry: not after a clear no."""
    status = getattr(error, "status", 0)
    return not 400 <= status < 500


def _entry(fields: Mapping[str, Any]) -> Entry:
    return Entry(
        ref=int(fields["ref"]),
        file_name=fields["file_name"] or "",
        description=fields["description"] or "",
        submitted_at=_utc(fields["date"]),
        status=_status(fields["status"]),
        public_score=_score(fields["public_score"]),
        private_score=_score(fields["private_score"]),
        message=fields["message"] or "",
        team=fields["team"] or "",
        public_text=fields["public_score"] or "",
        private_text=fields["private_score"] or "",
    )


def _quota(fields: Mapping[str, int] | None) -> Quota | None:
    return None if fields is None else Quota(**fields)


def _status(word: str) -> Status:
    known: dict[str, Status] = {"COMPLETE": "complete", "ERROR": "error"}
    return known.get(word, "pending")


def _score(text: str | None) -> float | None:
    """Read the number that a server writes as text, and leaves empty while it is hidden."""
    return float(text) if text else None


def _utc(text: str | None) -> datetime | None:
    if not text:
        return None
    moment = datetime.fromisoformat(text)
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
