"""Team mergers: two teams become one, with all their entries."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import delete, select, update
from sqlalchemy.orm import Session

from competition.definition import Contest
from competition.errors import DeadlinePassed, NotAllowed
from competition.store.audit import record
from competition.store.counting import recount_team, team_entries
from competition.store.doors import limits_of
from competition.store.opening import Store
from competition.store.rows import contest_row
from competition.store.schema import (
    ContestRow,
    EntryRow,
    LadderRow,
    MembershipRow,
    SelectionRow,
    StandingRow,
    TeamRow,
)
from competition.store.teams import members_of, team_value
from competition.store.values import Team, TeamKind
from competition.store.versions import contest_of_version, current_version

__all__ = ["merge_teams"]


def merge_teams(
    store: Store, slug: str, into_id: int, other_id: int, *, actor: str, now: datetime
) -> Team:
    """Let a team take in the members and entries of another.

    Final selections of both are dropped; the merged team chooses anew.

    Raises
    ------
    DeadlinePassed
        When teams can no longer merge.
    NotAllowed
        When the merged team would be too large, or have sent more entries than one team could.

    References
    ----------
    Kaggle's rule: the entries of both together must fit the daily limit times the days so far.
    """
    with store.writing() as session:
        contest = contest_row(session, slug, share=True)
        version = current_version(session, contest)
        rules = contest_of_version(store, version)
        into, other = _locked(session, contest, into_id, other_id)
        _check_merger(session, rules, into, other, now)
        _move(session, into, other)
        if team_entries(session, into.id):
            recount_team(session, store, version, into.id)
        details = {"team": into.id, "takes in": other.id, "names": [into.name, other.name]}
        record(session, slug, actor, "teams merged", details, now)
        return team_value(session, slug, into)


def _locked(
    session: Session, contest: ContestRow, into_id: int, other_id: int
) -> tuple[TeamRow, TeamRow]:
    query = (
        select(TeamRow)
        .where(
            TeamRow.id.in_([into_id, other_id]),
            TeamRow.contest_id == contest.id,
            TeamRow.kind == TeamKind.PARTICIPANT.value,
            TeamRow.merged_into_id.is_(None),
        )
        .order_by(TeamRow.id)
        .with_for_update()
    )
    teams = {team.id: team for team in session.scalars(query)}
    if set(teams) != {into_id, other_id} or into_id == other_id:
        raise NotAllowed(f"two different teams of participants of {contest.slug} can merge")
    return teams[into_id], teams[other_id]


def _check_merger(
    session: Session, rules: Contest, into: TeamRow, other: TeamRow, now: datetime
) -> None:
    last = rules.team_merger_deadline or rules.deadline
    if last is not None and now > last:
        raise DeadlinePassed(f"teams of {rules.slug} could merge until {last:%Y-%m-%d %H:%M} UTC")
    size = sum(len(names) for names in members_of(session, [into.id, other.id]).values())
    if size > rules.max_team_size:
        raise NotAllowed(
            f"a team of {rules.slug} has at most {rules.max_team_size} members, "
            f"the merged one would have {size}"
        )
    sent = sum(limits_of(session, rules, team.id, now).total for team in (into, other))
    days = (now.date() - (rules.launched_at or now).date()).days + 1
    if sent > days * rules.max_daily_submissions:
        raise NotAllowed(
            f"together the teams have sent {sent} entries; one team could have sent "
            f"{days * rules.max_daily_submissions} in {days} days; merge on a later day"
        )


def _move(session: Session, into: TeamRow, other: TeamRow) -> None:
    both = [into.id, other.id]
    session.execute(delete(SelectionRow).where(SelectionRow.team_id.in_(both)))
    session.execute(delete(StandingRow).where(StandingRow.team_id == other.id))
    for table in (MembershipRow, EntryRow):
        session.execute(update(table).where(table.team_id == other.id).values(team_id=into.id))
    _keep_better_rung(session, into.id, other.id)
    other.merged_into_id = into.id
    session.flush()


def _keep_better_rung(session: Session, into_id: int, other_id: int) -> None:
    """Under a Ladder the merged team stands where the better of the two stood."""
    steps = session.scalars(select(LadderRow).where(LadderRow.team_id.in_([into_id, other_id])))
    best = min(steps, key=lambda step: step.released, default=None)
    if best is None:
        return
    kept = {"entry_id": best.entry_id, "released": best.released}
    session.execute(delete(LadderRow).where(LadderRow.team_id.in_([into_id, other_id])))
    session.add(LadderRow(team_id=into_id, **kept))
