"""Entries: what was sent, what may be sent, why one waits."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Query
from pydantic import BaseModel

from competition.host.api.asking import ERRORS, MOST, Asker, Number
from competition.host.api.told import EntryTold, told_entry
from competition.host.doors import entry_door, require
from competition.queue import why_pending
from competition.store import cancel_entry, list_contest_entries, list_entries, submission_limits
from competition.visibility import Sight

__all__ = ["router"]


class WaitTold(BaseModel):
    """Why an entry has no score yet."""

    ref: int
    status: str
    why: str


class LimitsTold(BaseModel):
    """What a team may still send today."""

    used_today: int
    total: int
    allowed_now: int
    per_day: int
    pending: int
    resets_at: datetime


router = APIRouter(responses=ERRORS)


@router.get("/contests/{slug}/entries")
def entries(
    asker: Asker,
    slug: str,
    everyone: bool = False,
    limit: Annotated[int, Query(ge=1, le=MOST)] = MOST,
    offset: Number = 0,
) -> list[EntryTold]:
    """List the asker's team's entries, newest first; for hosts everyone's, if wished."""
    door = asker.door(slug)
    if everyone:
        require(door, Sight.HOST_MESSAGES)
        found = list_contest_entries(asker.store, slug, limit=limit, offset=offset)
    else:
        found = list_entries(asker.store, slug, asker.known.name, limit=limit, offset=offset)
    return [told_entry(shown) for one in found if (shown := door.entry(one))]


@router.get("/contests/{slug}/limits")
def limits(asker: Asker, slug: str) -> LimitsTold:
    """Tell what the asker's team may still send today."""
    asker.door(slug)
    found = submission_limits(asker.store, slug, asker.known.name, asker.now)
    return LimitsTold(**vars(found))


@router.get("/entries/{ref}")
def entry(asker: Asker, ref: Number) -> EntryTold:
    """Describe an entry."""
    return told_entry(entry_door(asker.store, ref, asker.known, asker.now)[1])


@router.get("/entries/{ref}/wait")
def wait(asker: Asker, ref: Number) -> WaitTold:
    """Say why an entry has no score yet."""
    shown = entry_door(asker.store, ref, asker.known, asker.now)[1]
    return WaitTold(
        ref=ref, status=shown.status.value, why=why_pending(asker.store, ref, asker.now)
    )


@router.delete("/entries/{ref}")
def withdraw(asker: Asker, ref: Number) -> EntryTold:
    """Withdraw an entry that has no score yet."""
    door, _ = entry_door(asker.store, ref, asker.known, asker.now)
    cancelled = cancel_entry(asker.store, ref, actor=asker.known.name, now=asker.now)
    return told_entry(door.entry(cancelled) or cancelled)
