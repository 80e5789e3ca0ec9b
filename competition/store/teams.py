"""Teams and who is in them."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from sqlalchemy import Select, select
from sqlalchemy.orm import Session

from competition.definition import Contest
from competition.errors import DeadlinePassed, NotAllowed
from competition.store.audit import record
from competition.store.opening import Store
from competition.store.rows import contest_row, user_row
from competition.store.schema import (
    ContestRow,
    HostRow,
    MembershipRow,
    TeamRow,
    UserRow,
)
from competition.store.values import Team, TeamKind
from competition.store.versions import current_contest

__all__ = ["find_team", "get_team", "is_host", "join_contest", "list_teams", "rename_team"]

_PARAMETERS = 10_000
"""How many values one statement takes; SQLite allows 32 766."""


def join_contest(store: Store, slug: str, user_name: str, *, now: datetime) -> Team:
    """Return the team of a user, made with this one member when there is none.

    Raises
    ------
    DeadlinePassed
        When new entrants are no longer taken.
    NotAllowed
        When the contest is private and the user was not invited.
    """
    with store.writing() as session:
        contest = contest_row(session, slug)
        user = user_row(session, user_name, lock=True)
        team, _ = enter(session, store, contest, user, now)
        return team_value(session, slug, team)


def find_team(store: Store, slug: str, user_name: str) -> Team | None:
    """Return the team of a user in a contest, or None."""
    with store.reading() as session:
        contest = contest_row(session, slug)
        team = team_of(session, contest.id, user_row(session, user_name).id)
        return _teams(session, slug, [team])[0] if team else None


def get_team(store: Store, team_id: int) -> Team:
    """Return a team by its number.

    Raises
    ------
    LookupError
        When there is none.
    """
    with store.reading() as session:
        row = session.get(TeamRow, team_id)
        if row is None:
            raise LookupError(f"no team has the number {team_id}")
        return _teams(session, session.get_one(ContestRow, row.contest_id).slug, [row])[0]


def list_teams(store: Store, slug: str) -> list[Team]:
    """Return all teams of a contest, in the order they were made."""
    with store.reading() as session:
        contest = contest_row(session, slug)
        query = select(TeamRow).where(TeamRow.contest_id == contest.id).order_by(TeamRow.id)
        return _teams(session, slug, session.scalars(query).all())


def rename_team(store: Store, team_id: int, name: str, *, actor: str, now: datetime) -> Team:
    """Give a team another name.

    Raises
    ------
    NotAllowed
        When another team of the contest has the name.
    """
    with store.writing() as session:
        row = session.get_one(TeamRow, team_id)
        contest = session.get_one(ContestRow, row.contest_id)
        if name != row.name and _is_taken(session, contest.id, name):
            raise NotAllowed(f"another team of {contest.slug} is named {name!r}; choose another")
        details = {"team": team_id, "from": row.name, "to": name}
        row.name = name
        record(session, contest.slug, actor, "team renamed", details, now)
        return _teams(session, contest.slug, [row])[0]


def is_host(session: Session, contest_id: int, user: UserRow) -> bool:
    """Say whether a user runs this contest; administrators run all."""
    return user.is_admin or session.get(HostRow, (contest_id, user.id)) is not None


def team_of(session: Session, contest_id: int, user_id: int) -> TeamRow | None:
    """Return the team row of a user."""
    membership = session.get(MembershipRow, (contest_id, user_id))
    return session.get(TeamRow, membership.team_id) if membership else None


def enter(
    session: Session,
    store: Store,
    contest: ContestRow,
    user: UserRow,
    now: datetime,
    *,
    invited: bool = False,
) -> tuple[TeamRow, bool]:
    """Return the team of a user whose row is locked, and whether it was made just now."""
    found = team_of(session, contest.id, user.id)
    if found is not None:
        return found, False
    if not is_host(session, contest.id, user):
        _check_entrance(current_contest(session, store, contest), now, invited=invited)
    runs_it = session.get(HostRow, (contest.id, user.id)) is not None
    kind = TeamKind.HOST if runs_it else TeamKind.PARTICIPANT
    team = add_team(session, contest, user.name, kind, user, now)
    session.add(
        MembershipRow(contest_id=contest.id, user_id=user.id, team_id=team.id, joined_at=now)
    )
    session.flush()
    return team, True


def add_team(
    session: Session,
    contest: ContestRow,
    name: str,
    kind: TeamKind,
    leader: UserRow,
    now: datetime,
) -> TeamRow:
    """Add a team; a name that is taken gets a number behind it."""
    row = TeamRow(
        contest_id=contest.id,
        name=_free_name(session, contest.id, name),
        kind=kind.value,
        leader_id=leader.id,
        created_at=now,
    )
    session.add(row)
    session.flush()
    details = {"team": row.id, "name": row.name, "kind": kind.value}
    record(session, contest.slug, leader.name, "team made", details, now)
    return row


def team_value(session: Session, slug: str, row: TeamRow) -> Team:
    """Return a team with its members."""
    return _teams(session, slug, [row])[0]


def _check_entrance(contest: Contest, now: datetime, *, invited: bool) -> None:
    if contest.privacy == "private" and not invited:
        raise NotAllowed(f"{contest.slug} is a private contest; ask its host for an invitation")
    last = contest.new_entrant_deadline
    if last is not None and now > last:
        raise DeadlinePassed(f"{contest.slug} took new entrants until {last:%Y-%m-%d %H:%M} UTC")


def _free_name(session: Session, contest_id: int, name: str) -> str:
    free, number = name, 1
    while _is_taken(session, contest_id, free):
        number += 1
        free = f"{name} ({number})"
    return free


def _is_taken(session: Session, contest_id: int, name: str) -> bool:
    query = select(TeamRow.id).where(TeamRow.contest_id == contest_id, TeamRow.name == name)
    return session.scalar(query) is not None


def members_of(session: Session, team_ids: Iterable[int]) -> dict[int, tuple[str, ...]]:
    """Return the user names of each team, in the order they joined."""
    wanted = list(team_ids)
    members: dict[int, tuple[str, ...]] = {}
    for start in range(0, len(wanted), _PARAMETERS):
        for team_id, name in session.execute(_members(wanted[start : start + _PARAMETERS])):
            members[team_id] = (*members.get(team_id, ()), name)
    return members


def _members(team_ids: list[int]) -> Select[int, str]:
    return (
        select(MembershipRow.team_id, UserRow.name)
        .join(UserRow, UserRow.id == MembershipRow.user_id)
        .where(MembershipRow.team_id.in_(team_ids))
        .order_by(MembershipRow.joined_at, UserRow.id)
    )


def _teams(session: Session, slug: str, rows: Iterable[TeamRow]) -> list[Team]:
    rows = list(rows)
    members = members_of(session, (row.id for row in rows))
    return [
        Team(
            id=row.id,
            contest=slug,
            name=row.name,
            kind=TeamKind(row.kind),
            members=members.get(row.id, ()),
            created_at=row.created_at,
        )
        for row in rows
    ]
