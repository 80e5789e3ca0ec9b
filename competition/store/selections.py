"""Final selections: which entries a team stands by when the contest ends."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime

from sqlalchemy import delete
from sqlalchemy.orm import Session

from competition.board import final_selection
from competition.definition import Contest
from competition.errors import DeadlinePassed, NotAllowed
from competition.store.audit import record
from competition.store.counting import recount_team, team_entries
from competition.store.entry_values import entry_values
from competition.store.opening import Store
from competition.store.rows import contest_row, user_row
from competition.store.schema import EntryRow, SelectionRow, TeamRow
from competition.store.teams import team_of
from competition.store.values import Entry
from competition.store.versions import contest_of_version, current_version

__all__ = ["final_entries", "select_final"]


def select_final(
    store: Store, slug: str, user_name: str, refs: Collection[int], *, now: datetime
) -> list[Entry]:
    """Let a team stand by exactly these entries; none leaves the choice to the public board.

    Returns
    -------
    list of Entry
        The entries that count now, newest first.

    Raises
    ------
    DeadlinePassed
        When the contest is over.
    NotAllowed
        When there are too many, or one is not a scored entry of this team in time.
    """
    with store.writing() as session:
        contest = contest_row(session, slug, share=True)
        user = user_row(session, user_name)
        team = team_of(session, contest.id, user.id)
        if team is None:
            raise NotAllowed(f"{user_name} has no entries in {slug} to choose from")
        version = current_version(session, contest)
        rules = contest_of_version(store, version)
        _check_choice(session, rules, team, set(refs), now)
        session.execute(delete(SelectionRow).where(SelectionRow.team_id == team.id))
        for ref in sorted(set(refs)):
            chosen = SelectionRow(entry_id=ref, team_id=team.id, user_id=user.id, selected_at=now)
            session.add(chosen)
        session.flush()
        if team_entries(session, team.id):
            recount_team(session, store, version, team.id)
        details = {"team": team.id, "entries": sorted(set(refs))}
        record(session, slug, user.name, "final entries selected", details, now)
        return _finals(session, rules, team.id, version.greater_is_better)


def final_entries(store: Store, slug: str, team_id: int) -> list[Entry]:
    """Return the entries by which a team stands, chosen or by the automatic choice."""
    with store.reading() as session:
        version = current_version(session, contest_row(session, slug))
        rules = contest_of_version(store, version)
        return _finals(session, rules, team_id, version.greater_is_better)


def _finals(session: Session, rules: Contest, team_id: int, greater: bool) -> list[Entry]:
    chosen = final_selection(
        team_entries(session, team_id),
        count=rules.num_scored_submissions,
        greater_is_better=greater,
    )
    return entry_values(session, EntryRow.id.in_([entry.ref for entry in chosen]))


def _check_choice(
    session: Session, rules: Contest, team: TeamRow, refs: set[int], now: datetime
) -> None:
    if rules.deadline is not None and now > rules.deadline:
        raise DeadlinePassed(
            f"final entries of {rules.slug} could be chosen until "
            f"{rules.deadline:%Y-%m-%d %H:%M} UTC"
        )
    if len(refs) > rules.num_scored_submissions:
        raise NotAllowed(
            f"at most {rules.num_scored_submissions} entries can be chosen, got {len(refs)}"
        )
    fit = {entry.ref for entry in team_entries(session, team.id)}
    if wrong := sorted(refs - fit):
        raise NotAllowed(
            f"entry {wrong[0]} cannot be chosen: it must be a scored entry of team {team.name!r} "
            "that came before the deadline"
        )
