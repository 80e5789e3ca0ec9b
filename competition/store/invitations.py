"""Invitation links: into a private contest, or to an account on this host."""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from competition.errors import CompetitionError
from competition.store.audit import HOST_CHAIN, record
from competition.store.opening import Store
from competition.store.rows import contest_row, user_row
from competition.store.schema import ContestRow, InvitationRow, UserRow
from competition.store.teams import enter, team_value
from competition.store.users import digest_of_token
from competition.store.values import Team

__all__ = [
    "InvalidInvitation",
    "Invitation",
    "accept_invitation",
    "create_invitation",
    "find_invitation",
    "list_invitations",
    "revoke_invitation",
    "use_invitation",
]


class InvalidInvitation(CompetitionError, LookupError):
    """The invitation is unknown, used up, expired or revoked."""

    def __init__(self) -> None:
        super().__init__("this invitation is not valid (any more); ask the host for another one")


@dataclass(frozen=True)
class Invitation:
    """An invitation without its secret.

    ``contest`` is None for an account on the host; ``uses_left`` None means any number.
    """

    id: int
    contest: str | None
    created_by: str | None
    created_at: datetime
    expires_at: datetime | None
    uses_left: int | None
    is_revoked: bool


def create_invitation(
    store: Store,
    slug: str | None,
    *,
    actor: str,
    now: datetime,
    expires: datetime | None = None,
    uses: int | None = None,
) -> str:
    """Make an invitation and return its secret, which the link carries; it is shown this once."""
    secret = secrets.token_urlsafe(24)
    with store.writing() as session:
        contest = contest_row(session, slug) if slug is not None else None
        row = InvitationRow(
            digest=digest_of_token(secret),
            contest_id=contest.id if contest else None,
            created_by_id=user_row(session, actor).id,
            created_at=now,
            expires_at=expires,
            uses_left=uses,
        )
        session.add(row)
        session.flush()
        details = {"invitation": row.id, "uses": uses}
        record(session, slug or HOST_CHAIN, actor, "invitation made", details, now)
    return secret


def find_invitation(store: Store, secret: str, now: datetime) -> Invitation:
    """Return a valid invitation by its secret.

    Raises
    ------
    InvalidInvitation
        When it opens nothing.
    """
    with store.reading() as session:
        return _value(session, _valid(session, secret, now))


def accept_invitation(store: Store, secret: str, user_name: str, *, now: datetime) -> Team:
    """Let a user into the contest of an invitation; a team that is there already stays.

    Raises
    ------
    InvalidInvitation
        When it opens nothing, or is one to an account.
    DeadlinePassed
        When the contest takes no new entrants any more.
    """
    with store.writing() as session:
        row = _valid(session, secret, now, lock=True)
        if row.contest_id is None:
            raise InvalidInvitation
        contest = session.get_one(ContestRow, row.contest_id)
        user = user_row(session, user_name, lock=True)
        team, is_new = enter(session, store, contest, user, now, invited=True)
        if is_new:
            _spend(row)
        return team_value(session, contest.slug, team)


def use_invitation(store: Store, secret: str, *, now: datetime) -> Invitation:
    """Spend one use of an invitation to an account; for sign-up.

    Raises
    ------
    InvalidInvitation
        When it opens nothing, or is one into a contest alone.
    """
    with store.writing() as session:
        row = _valid(session, secret, now, lock=True)
        if row.contest_id is not None:
            raise InvalidInvitation
        _spend(row)
        return _value(session, row)


def list_invitations(store: Store, slug: str | None) -> list[Invitation]:
    """Return the invitations into a contest, or to accounts, newest first."""
    with store.reading() as session:
        contest_id = contest_row(session, slug).id if slug is not None else None
        where = InvitationRow.contest_id == contest_id
        rows = session.scalars(select(InvitationRow).where(where).order_by(InvitationRow.id.desc()))
        return [_value(session, row) for row in rows]


def revoke_invitation(store: Store, invitation_id: int, *, actor: str, now: datetime) -> None:
    """End an invitation."""
    with store.writing() as session:
        row = session.get(InvitationRow, invitation_id)
        if row is None:
            raise InvalidInvitation
        row.revoked_at = now
        slug = _slug(session, row)
        details = {"invitation": row.id}
        record(session, slug or HOST_CHAIN, actor, "invitation revoked", details, now)


def _valid(session: Session, secret: str, now: datetime, *, lock: bool = False) -> InvitationRow:
    query = select(InvitationRow).where(InvitationRow.digest == digest_of_token(secret))
    row = session.scalar(query.with_for_update() if lock else query)
    if row is None or row.revoked_at is not None or row.uses_left == 0:
        raise InvalidInvitation
    if row.expires_at is not None and row.expires_at <= now:
        raise InvalidInvitation
    return row


def _spend(row: InvitationRow) -> None:
    if row.uses_left is not None:
        row.uses_left -= 1


def _slug(session: Session, row: InvitationRow) -> str | None:
    return session.get_one(ContestRow, row.contest_id).slug if row.contest_id else None


def _value(session: Session, row: InvitationRow) -> Invitation:
    creator = session.get(UserRow, row.created_by_id) if row.created_by_id else None
    return Invitation(
        id=row.id,
        contest=_slug(session, row),
        created_by=creator.name if creator else None,
        created_at=row.created_at,
        expires_at=row.expires_at,
        uses_left=row.uses_left,
        is_revoked=row.revoked_at is not None,
    )
