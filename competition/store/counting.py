"""Counting a scored entry into its team's standing, in the transaction that scores it."""

from __future__ import annotations

from datetime import UTC, datetime

from sqlalchemy import ColumnElement, Select, delete, select
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from competition.definition import Contest
from competition.store.opening import Store
from competition.store.schema import (
    ContestRow,
    EntryRow,
    SelectionRow,
    StandingRow,
    TeamRow,
    VersionRow,
)
from competition.store.values import Status, TeamKind
from competition.store.versions import contest_of_version, current_version

__all__ = ["count_entry", "recount_contest", "recount_team"]

_LONG_AGO = datetime(1970, 1, 1, tzinfo=UTC)


def count_entry(session: Session, store: Store, version: VersionRow, entry: EntryRow) -> None:
    """Count an entry that was just scored; sandbox and late entries count nowhere."""
    if entry.sandbox or entry.late or entry.status != Status.SCORED.value:
        return
    standing = _locked_standing(session, store, entry.team_id, entry.contest_id)
    standing.entries += 1
    standing.last_entry_at = max(standing.last_entry_at, entry.submitted_at)
    _improve_public(standing, entry, _sign(version))
    _set_final(session, contest_of_version(store, version), standing, _sign(version))


def recount_team(session: Session, store: Store, version: VersionRow, team_id: int) -> None:
    """Make a team's standing anew from its entries; after selections, mergers and withdrawals."""
    team = session.get_one(TeamRow, team_id)
    standing = _locked_standing(session, store, team_id, team.contest_id)
    entries = _entries(session, team_id)
    if not entries:
        session.delete(standing)
        return
    standing.entries = len(entries)
    standing.last_entry_at = max(entry.submitted_at for entry in entries)
    standing.public_key = standing.public_at = standing.public_entry_id = None
    for entry in entries:
        _improve_public(standing, entry, _sign(version))
    _set_final(session, contest_of_version(store, version), standing, _sign(version))


def recount_contest(session: Session, store: Store, contest: ContestRow) -> None:
    """Make all standings of a contest anew; after a rescore or a moved deadline."""
    session.execute(delete(StandingRow).where(StandingRow.contest_id == contest.id))
    version = current_version(session, contest)
    for team_id in session.scalars(select(TeamRow.id).where(TeamRow.contest_id == contest.id)):
        recount_team(session, store, version, team_id)


def final_entries(session: Session, rules: Contest, team_id: int, sign: float) -> list[EntryRow]:
    """Return the entries that count for a team's final place.

    Those the team selected; with none selected, its best on the public board, ties to the earlier.
    """
    selected = _entries(session, team_id, EntryRow.id.in_(_selected(team_id)))
    if selected:
        return selected
    best = (EntryRow.public_score * sign, EntryRow.submitted_at, EntryRow.id)
    query = select(EntryRow).where(*_counts(team_id), EntryRow.public_score.is_not(None))
    return list(session.scalars(query.order_by(*best).limit(rules.num_scored_submissions)))


def _improve_public(standing: StandingRow, entry: EntryRow, sign: float) -> None:
    if entry.public_score is None:
        return
    place = (sign * entry.public_score, entry.submitted_at, entry.id)
    if standing.public_key is None or place < _public_place(standing):
        standing.public_key, standing.public_at, standing.public_entry_id = place


def _public_place(standing: StandingRow) -> tuple[float | None, datetime | None, int | None]:
    return standing.public_key, standing.public_at, standing.public_entry_id


def _set_final(session: Session, rules: Contest, standing: StandingRow, sign: float) -> None:
    session.flush()
    places = [
        (sign * entry.private_score, entry.submitted_at, entry.id)
        for entry in final_entries(session, rules, standing.team_id, sign)
        if entry.private_score is not None
    ]
    best = min(places, default=(None, None, None))
    standing.private_key, standing.private_at, standing.private_entry_id = best


def _locked_standing(session: Session, store: Store, team_id: int, contest_id: int) -> StandingRow:
    team = session.get_one(TeamRow, team_id)
    dialect = sqlite if store.is_sqlite else postgresql
    fresh = {
        "team_id": team_id,
        "contest_id": contest_id,
        "ranked": team.kind == TeamKind.PARTICIPANT.value,
        "entries": 0,
        "last_entry_at": _LONG_AGO,
    }
    session.execute(dialect.insert(StandingRow).values(fresh).on_conflict_do_nothing())
    query = select(StandingRow).where(StandingRow.team_id == team_id).with_for_update()
    return session.scalars(query.execution_options(populate_existing=True)).one()


def _counts(team_id: int) -> tuple[ColumnElement[bool], ...]:
    return (
        EntryRow.team_id == team_id,
        EntryRow.status == Status.SCORED.value,
        EntryRow.late.is_(False),
        EntryRow.sandbox.is_(False),
    )


def _entries(session: Session, team_id: int, *where: ColumnElement[bool]) -> list[EntryRow]:
    return list(session.scalars(select(EntryRow).where(*_counts(team_id), *where)))


def _selected(team_id: int) -> Select[int]:
    return select(SelectionRow.entry_id).where(SelectionRow.team_id == team_id)


def _sign(version: VersionRow) -> float:
    """Return what turns a score into a key of which the smaller is better."""
    return -1.0 if version.greater_is_better else 1.0
