"""What hosts do and watch: invitations, the queue, the audit log."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Annotated

from fastapi import APIRouter, Query
from pydantic import BaseModel, ConfigDict, Field

from competition.host.api.asking import ERRORS, MOST, Asker, Number, Question
from competition.host.doors import require
from competition.host.failures import Failure
from competition.host.invitations import invitation_path
from competition.queue import count_workers, entries_waiting
from competition.store import audit_records, create_invitation
from competition.visibility import Sight

__all__ = ["router"]


class InvitationWanted(BaseModel):
    """How often and how long an invitation may be used."""

    model_config = ConfigDict(extra="forbid")
    uses: int | None = Field(default=None, ge=1, le=1_000_000)
    days: int = Field(default=14, ge=1, le=3660)


class InvitationTold(BaseModel):
    """An invitation's link; it is shown this once."""

    url: str
    expires_at: datetime


class QueueTold(BaseModel):
    """What waits for a score, and who works at it."""

    waiting: int
    workers: int


class RecordTold(BaseModel):
    """A record of the audit log."""

    number: int
    at: str
    actor: str
    action: str
    details: str
    digest: str


router = APIRouter(responses=ERRORS)


@router.post("/contests/{slug}/invitations")
def invite(asker: Asker, slug: str, wanted: InvitationWanted) -> InvitationTold:
    """Make a link that lets people into a contest, also a private one; for hosts."""
    require(asker.door(slug), Sight.HOST_MESSAGES)
    return _invited(asker, slug, wanted)


@router.post("/invitations")
def invite_to_host(asker: Asker, wanted: InvitationWanted) -> InvitationTold:
    """Make a link that lets people make an account; for administrators."""
    if not asker.known.is_admin:
        raise Failure(403, "only administrators invite people to this host")
    return _invited(asker, None, wanted)


@router.get("/contests/{slug}/queue")
def queue(asker: Asker, slug: str) -> QueueTold:
    """Say how many entries wait and how many workers there are; for hosts."""
    require(asker.door(slug), Sight.HOST_MESSAGES)
    waiting, _ = entries_waiting(asker.store, slug)
    return QueueTold(waiting=waiting, workers=count_workers(asker.store, asker.now))


@router.get("/contests/{slug}/audit")
def audit(
    asker: Asker,
    slug: str,
    after: Number = 0,
    limit: Annotated[int, Query(ge=1, le=MOST)] = MOST,
) -> list[RecordTold]:
    """List the records of a contest's audit log; for hosts."""
    require(asker.door(slug), Sight.AUDIT)
    names = RecordTold.model_fields
    found = audit_records(asker.store, slug, after=after, limit=limit)
    return [RecordTold(**{name: getattr(one, name) for name in names}) for one in found]


def _invited(asker: Question, slug: str | None, wanted: InvitationWanted) -> InvitationTold:
    expires = asker.now + timedelta(days=wanted.days)
    secret = create_invitation(
        asker.store,
        slug,
        actor=asker.known.name,
        now=asker.now,
        expires=expires,
        uses=wanted.uses,
    )
    return InvitationTold(url=f"{asker.base_url}{invitation_path(secret)}", expires_at=expires)
