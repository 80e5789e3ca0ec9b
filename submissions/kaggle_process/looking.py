"""What the user's team has on a server: entries, quota, the board."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from submissions.kaggle_process.session import Arguments, Session, again, may_pass

__all__ = ["entries", "follow", "leaderboard", "newest", "quota", "quota_or_none"]

PAGE_SIZE = 100
MAX_PAGES = 1000


def entries(session: Session, arguments: Arguments) -> Arguments:
    """List every entry of the user's team, newest first."""
    session.require_credentials()
    return {"entries": list(_all_entries(session, arguments["slug"]))}


def follow(session: Session, arguments: Arguments) -> Arguments:
    """Wait until an entry is scored or failed, or the time is over."""
    session.require_credentials()
    deadline = time.monotonic() + arguments["seconds"]
    pause = 0.2
    while True:
        entry = _entry(session, arguments["slug"], arguments["ref"])
        if entry["status"] != "PENDING" or time.monotonic() + pause > deadline:
            return {"entry": entry}
        session.channel.event("waiting", status=entry["status"])
        time.sleep(pause)
        pause = min(pause * 1.5, arguments["longest_pause"])


def quota(session: Session, arguments: Arguments) -> Arguments:
    """Tell how many entries the user's team may still make."""
    session.require_credentials()
    return _quota(session, arguments["slug"])


def leaderboard(session: Session, arguments: Arguments) -> Arguments:
    """Download the whole board, as the archive that the server makes of it."""
    session.require_credentials()
    slug, folder = arguments["slug"], arguments["folder"]
    session.kaggle.competition_leaderboard_download(slug, folder, quiet=True)
    return {"file": str(Path(folder) / f"{slug}.zip")}


def _entry(session: Session, slug: str, ref: int) -> Arguments:
    listed = again(lambda: list(_all_entries(session, slug, until=ref)), may_pass)
    for entry in listed:
        if entry["ref"] == ref:
            return dict(entry)
    raise LookupError(f"entry {ref} is not on the list of your entries in {slug}")


def newest(session: Session, slug: str) -> list[Arguments]:
    """Return the newest entries of the user's team."""
    page: list[Arguments] = again(lambda: _page(session, slug, 1), may_pass)
    return page


def _all_entries(session: Session, slug: str, until: int | None = None) -> Iterator[Arguments]:
    seen: set[int] = set()
    for number in range(1, MAX_PAGES):
        page = [entry for entry in _page(session, slug, number) if entry["ref"] not in seen]
        yield from page
        seen |= {entry["ref"] for entry in page}
        if len(page) < PAGE_SIZE or until in seen:
            return


def _page(session: Session, slug: str, number: int) -> list[Arguments]:
    listed = session.kaggle.competition_submissions(slug, page_number=number, page_size=PAGE_SIZE)
    return [_plain_entry(entry) for entry in listed or []]


def _plain_entry(entry: Any) -> Arguments:
    return {
        "ref": entry.ref,
        "date": entry.date.isoformat() if entry.date else None,
        "file_name": entry.file_name,
        "description": entry.description,
        "status": entry.status.name,
        "message": entry.error_description,
        "public_score": entry.public_score,
        "private_score": entry.private_score,
        "team": entry.team_name,
    }


def _quota(session: Session, slug: str) -> Arguments:
    limits = session.kaggle.competition_get_submission_limits(slug)
    return {"today": limits.num_today, "total": limits.num_total, "left": limits.num_allowed_now}


def quota_or_none(session: Session, slug: str) -> Arguments | None:
    """Return the quota where the server tells it: a send must not stop for want of it."""
    try:
        return _quota(session, slug)
    except Exception:  # noqa: BLE001 - whatever it is, the send goes on
        return None
