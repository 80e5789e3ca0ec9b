"""Whether an entry is taken: dates, size, the day's quota and what is still waiting."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from competition.definition import Contest
from competition.errors import (
    NotAllowed,
    QuotaExceeded,
    SubmissionRefused,
    SubmissionsDisabled,
    TooManyPending,
)
from competition.store.opening import Store
from competition.store.schema import ContestRow, EntryRow, TeamRow, UserRow
from competition.store.teams import add_team, enter, is_host
from competition.store.values import Status, SubmissionLimits, TeamKind

__all__ = ["Arrival", "check_door", "check_quota", "entering_team", "limits_of"]

_OPEN = (Status.PENDING.value, Status.SCORING.value)
_COUNTED = (*_OPEN, Status.SCORED.value)
_BYTES_PER_MB = 1_000_000


@dataclass(frozen=True)
class Arrival:
    """An entry at the door, with the transaction it arrives in."""

    session: Session
    store: Store
    contest: ContestRow
    rules: Contest
    user: UserRow
    now: datetime
    sandbox: bool
    baseline: bool

    @property
    def by_host(self) -> bool:
        """Whether it is a host's own entry, which no quota limits."""
        return self.sandbox or self.baseline

    @property
    def is_late(self) -> bool:
        """Whether the deadline has passed."""
        return self.rules.deadline is not None and self.now > self.rules.deadline


def check_door(arrival: Arrival, size: int, *, has_solution: bool) -> None:
    """Refuse what the contest does not take now, whoever's team it is."""
    slug, rules = arrival.rules.slug, arrival.rules
    hosts = is_host(arrival.session, arrival.contest.id, arrival.user)
    if arrival.by_host and not hosts:
        raise NotAllowed(f"only a host of {slug} may send sandbox and baseline entries")
    if not has_solution:
        raise SubmissionsDisabled(f"{slug} has no solution yet, so nothing can be scored")
    if size > rules.submission_size_limit_mb * _BYTES_PER_MB:
        raise SubmissionRefused(
            f"{slug} takes files of at most {rules.submission_size_limit_mb} MB, "
            f"got {size / _BYTES_PER_MB:.1f} MB"
        )
    if not arrival.by_host:
        _check_open(arrival)


def entering_team(arrival: Arrival, description: str) -> TeamRow:
    """Return the team that enters, its row locked; a baseline is a team of its own."""
    if arrival.baseline:
        return _baseline_team(arrival, description or "Baseline")
    team, _ = enter(arrival.session, arrival.store, arrival.contest, arrival.user, arrival.now)
    locked = select(TeamRow).where(TeamRow.id == team.id).with_for_update()
    return arrival.session.scalars(locked).one()


def check_quota(arrival: Arrival, team: TeamRow) -> None:
    """Refuse what is over the day's quota or the limit of waiting entries of a locked team."""
    if arrival.by_host:
        return
    limits = limits_of(arrival.session, arrival.rules, team.id, arrival.now)
    if limits.used_today >= limits.per_day:
        raise QuotaExceeded(
            f"team {team.name!r} has sent {limits.used_today} of {limits.per_day} entries today; "
            f"the next may come from {limits.resets_at:%Y-%m-%d %H:%M} UTC"
        )
    if limits.pending >= arrival.rules.max_pending_submissions_per_team:
        raise TooManyPending(
            f"team {team.name!r} has {limits.pending} entries waiting for a score, the limit is "
            f"{arrival.rules.max_pending_submissions_per_team}; wait until one has its score"
        )


def limits_of(
    session: Session, rules: Contest, team_id: int | None, now: datetime
) -> SubmissionLimits:
    """Count what a team has sent; failed, rejected, cancelled and hosts' entries are free."""
    day = now.astimezone(UTC).date()
    counted = (
        EntryRow.team_id == team_id,
        EntryRow.status.in_(_COUNTED),
        EntryRow.sandbox.is_(False),
        EntryRow.baseline.is_(False),
    )
    query = select(
        func.count(),
        func.count().filter(EntryRow.day == day),
        func.count().filter(EntryRow.status.in_(_OPEN)),
    ).where(*counted)
    total, today, pending = session.execute(query).one()
    return SubmissionLimits(
        used_today=today,
        total=total,
        allowed_now=max(0, rules.max_daily_submissions - today),
        per_day=rules.max_daily_submissions,
        pending=pending,
        resets_at=datetime.combine(day + timedelta(days=1), time(), tzinfo=UTC),
    )


def _check_open(arrival: Arrival) -> None:
    slug, rules = arrival.rules.slug, arrival.rules
    if rules.launched_at is None or rules.launched_at > arrival.now:
        raise NotAllowed(f"{slug} is not open yet")
    if rules.disable_submissions:
        raise SubmissionsDisabled(f"the host of {slug} takes no entries at the moment")


def _baseline_team(arrival: Arrival, name: str) -> TeamRow:
    query = select(TeamRow).where(
        TeamRow.contest_id == arrival.contest.id,
        TeamRow.name == name,
        TeamRow.kind == TeamKind.BASELINE.value,
    )
    found = arrival.session.scalar(query)
    if found is not None:
        return found
    return add_team(
        arrival.session, arrival.contest, name, TeamKind.BASELINE, arrival.user, arrival.now
    )
