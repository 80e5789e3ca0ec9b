"""Counting a scored entry into its team's standing, in the transaction that scores it."""

from __future__ import annotations

from datetime import UTC, datetime

from sqlalchemy import delete, select
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from competition.board import BoardEntry, best_entry, final_entry, sort_key
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

__all__ = ["count_entry", "recount_contest", "recount_team", "team_entries"]

_LONG_AGO = datetime(1970, 1, 1, tzinfo=UTC)


def count_entry(session: Session, store: Store, version: VersionRow, entry: EntryRow) -> None:
    """Count an entry that was just scored; sandbox and late entries count nowhere."""
    if not entry.sandbox and not entry.late and entry.status == Status.SCORED.value:
        recount_team(session, store, version, entry.team_id)


def recount_team(session: Session, store: Store, version: VersionRow, team_id: int) -> None:
    """Make a team's standing anew from its own entries, its row locked first."""
    team = session.get_one(TeamRow, team_id)
    standing = _locked_standing(session, store, team)
    entries = team_entries(session, team_id)
    if not entries:
        session.delete(standing)
        return
    greater = version.greater_is_better
    finals = contest_of_version(store, version).num_scored_submissions
    standing.entries = len(entries)
    standing.last_entry_at = max(entry.submitted_at for entry in entries)
    best = best_entry(entries, "public", greater_is_better=greater)
    final = final_entry(entries, count=finals, greater_is_better=greater)
    public = _place(best, best.public if best else None, greater)
    standing.public_key, standing.public_at, standing.public_entry_id = public
    private = _place(final, final.private if final else None, greater)
    standing.private_key, standing.private_at, standing.private_entry_id = private


def recount_contest(session: Session, store: Store, contest: ContestRow) -> None:
    """Make all standings of a contest anew; after a rescore or a moved deadline."""
    session.flush()
    session.execute(delete(StandingRow).where(StandingRow.contest_id == contest.id))
    version = current_version(session, contest)
    for team_id in session.scalars(select(TeamRow.id).where(TeamRow.contest_id == contest.id)):
        recount_team(session, store, version, team_id)


def team_entries(session: Session, team_id: int) -> list[BoardEntry]:
    """Return the entries of a team that count: scored, in time, no trials."""
    session.flush()
    query = (
        select(
            EntryRow.id,
            EntryRow.submitted_at,
            EntryRow.public_score,
            EntryRow.private_score,
            SelectionRow.entry_id.is_not(None),
        )
        .outerjoin(SelectionRow, SelectionRow.entry_id == EntryRow.id)
        .where(
            EntryRow.team_id == team_id,
            EntryRow.status == Status.SCORED.value,
            EntryRow.late.is_(False),
            EntryRow.sandbox.is_(False),
        )
    )
    return [
        BoardEntry(ref, team_id, at, public, private, selected=selected)
        for ref, at, public, private, selected in session.execute(query)
    ]


def _place(
    entry: BoardEntry | None, score: float | None, greater_is_better: bool
) -> tuple[float | None, datetime | None, int | None]:
    """Return what a board line is ordered by."""
    if entry is None:
        return None, None, None
    return sort_key(score, greater_is_better=greater_is_better), entry.submitted_at, entry.ref


def _locked_standing(session: Session, store: Store, team: TeamRow) -> StandingRow:
    dialect = sqlite if store.is_sqlite else postgresql
    fresh = {
        "team_id": team.id,
        "contest_id": team.contest_id,
        "ranked": team.kind == TeamKind.PARTICIPANT.value,
        "entries": 0,
        "last_entry_at": _LONG_AGO,
    }
    session.execute(dialect.insert(StandingRow).values(fresh).on_conflict_do_nothing())
    query = select(StandingRow).where(StandingRow.team_id == team.id).with_for_update()
    return session.scalars(query.execution_options(populate_existing=True)).one()
