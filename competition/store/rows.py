"""Finding rows by the names people use."""

from __future__ import annotations

from sqlalchemy import select
from sqlalchemy.orm import Session

from competition.errors import UnknownContest, UnknownUser, did_you_mean
from competition.store.schema import ContestRow, UserRow

__all__ = ["contest_row", "name_key", "user_row"]


def name_key(name: str) -> str:
    """Fold a user name: ``Ada`` and ``ada`` are one account."""
    return name.strip().casefold()


def user_row(session: Session, name: str, *, lock: bool = False) -> UserRow:
    """Return the row of a user.

    Raises
    ------
    UnknownUser
        When nobody has this name.
    """
    query = select(UserRow).where(UserRow.name_key == name_key(name))
    row = session.scalar(query.with_for_update() if lock else query)
    if row is None:
        known = session.scalars(select(UserRow.name)).all()
        raise UnknownUser(
            f"no user is named {name!r}{did_you_mean(name, known)}; "
            "'ripe user list' shows all, 'ripe user add NAME' makes one"
        )
    return row


def contest_row(
    session: Session, slug: str, *, lock: bool = False, share: bool = False
) -> ContestRow:
    """Return the row of a contest, locked against others or against changes where asked.

    Raises
    ------
    UnknownContest
        When no contest has this slug.
    """
    query = select(ContestRow).where(ContestRow.slug == slug)
    row = session.scalar(query.with_for_update(read=share) if lock or share else query)
    if row is None:
        known = session.scalars(select(ContestRow.slug)).all()
        raise UnknownContest(f"no contest is named {slug!r}{did_you_mean(slug, known)}")
    return row
