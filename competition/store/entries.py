"""Entries: sending, reading and withdrawing them."""

from __future__ import annotations

from datetime import UTC, datetime

from sqlalchemy.orm import Session

from competition.errors import CompetitionError, NotAllowed
from competition.store.audit import record
from competition.store.doors import Arrival, check_door, check_quota, entering_team, limits_of
from competition.store.entry_values import entry_values
from competition.store.known_files import remember_file
from competition.store.opening import Store
from competition.store.rows import contest_row, user_row
from competition.store.schema import ContestRow, EntryRow, JobRow, TeamRow
from competition.store.teams import team_of
from competition.store.uploads import announced_upload
from competition.store.values import Entry, Status, SubmissionLimits
from competition.store.versions import contest_of_version, current_contest, current_version

__all__ = [
    "UnknownEntry",
    "cancel_entry",
    "get_entry",
    "list_contest_entries",
    "list_entries",
    "list_team_entries",
    "submission_limits",
    "submit_entry",
]


class UnknownEntry(CompetitionError, LookupError):
    """No entry has this number."""

    def __init__(self, ref: int) -> None:
        super().__init__(f"no entry has the number {ref}")


def submit_entry(
    store: Store,
    slug: str,
    user_name: str,
    *,
    upload: str,
    file_name: str,
    description: str = "",
    now: datetime,
    sandbox: bool = False,
    baseline: bool = False,
    token: str | None = None,
) -> Entry:
    """Take an entry: once this returns, it survives a crash and will be scored once.

    The team's row is locked while its quota is counted, so that exactly as many as the limit
    allows succeed when many arrive at once. A user without a team gets one.

    Parameters
    ----------
    upload
        Digest of a file that ``store.files`` holds.
    now
        Time of arrival; it decides the UTC day of the quota, lateness and ties.
    sandbox
        A host's trial: scored, on no board, free of quota.
    baseline
        A host's reference: on the board without a rank, as a team named by `description`, free
        of quota.
    token
        Of the announced upload, which makes one entry: whoever repeats a request, not knowing
        whether it arrived, is given the entry that it made.

    Raises
    ------
    SubmissionRefused
        `DeadlinePassed`, `QuotaExceeded`, `SubmissionsDisabled` or `TooManyPending`, with a
        sentence that says when or what instead.
    NotAllowed
        When a participant sends a sandbox or baseline entry, the contest is not open to them, or
        the upload was submitted to another contest.
    """
    with store.writing() as session:
        contest = contest_row(session, slug)
        user = user_row(session, user_name, lock=True)
        announced = None if token is None else announced_upload(session, token)
        if announced is not None and announced.entry_id is not None:
            return _entry_of_upload(session, contest, announced.entry_id)
        version = current_version(session, contest)
        rules = contest_of_version(store, version)
        arrival = Arrival(session, store, contest, rules, user, now, sandbox, baseline)
        size = remember_file(session, store, upload, now)
        check_door(arrival, size, has_solution=bool(version.solution_digest))
        team = entering_team(arrival, description)
        check_quota(arrival, team)
        row = _add_entry(arrival, team, upload, size, file_name, description)
        details = {"entry": row.id, "team": team.id, "file": upload, "name": file_name}
        record(session, slug, user.name, "entry sent", details, now)
        if announced is not None:
            announced.entry_id = row.id
        return entry_values(session, EntryRow.id == row.id)[0]


def _entry_of_upload(session: Session, contest: ContestRow, ref: int) -> Entry:
    entry = _one(session, ref)
    if entry.contest != contest.slug:
        raise NotAllowed(
            f"this upload was submitted to {entry.contest}; to send the file to {contest.slug} "
            "too, upload it again"
        )
    return entry


def get_entry(store: Store, ref: int) -> Entry:
    """Return an entry by its number.

    Raises
    ------
    UnknownEntry
        When there is none.
    """
    with store.reading() as session:
        return _one(session, ref)


def list_entries(
    store: Store, slug: str, user_name: str, *, limit: int | None = None, offset: int = 0
) -> list[Entry]:
    """Return the entries of a user's team, newest first."""
    with store.reading() as session:
        contest = contest_row(session, slug)
        team = team_of(session, contest.id, user_row(session, user_name).id)
        if team is None:
            return []
        return entry_values(session, EntryRow.team_id == team.id, limit=limit, offset=offset)


def list_team_entries(store: Store, team_id: int) -> list[Entry]:
    """Return all entries of a team, newest first."""
    with store.reading() as session:
        return entry_values(session, EntryRow.team_id == team_id)


def list_contest_entries(
    store: Store, slug: str, *, limit: int | None = None, offset: int = 0
) -> list[Entry]:
    """Return the entries of all teams, newest first; for the host's eyes."""
    with store.reading() as session:
        contest = contest_row(session, slug)
        where = EntryRow.contest_id == contest.id
        return entry_values(session, where, limit=limit, offset=offset)


def submission_limits(store: Store, slug: str, user_name: str, now: datetime) -> SubmissionLimits:
    """Return what a user's team may still send on this UTC day."""
    with store.reading() as session:
        contest = contest_row(session, slug)
        team = team_of(session, contest.id, user_row(session, user_name).id)
        rules = current_contest(session, store, contest)
        return limits_of(session, rules, team.id if team else None, now)


def cancel_entry(store: Store, ref: int, *, actor: str, now: datetime) -> Entry:
    """Withdraw an entry that has no score yet; it no longer counts against the quota.

    Raises
    ------
    NotAllowed
        When the entry has its outcome already.
    """
    with store.writing() as session:
        job = session.get(JobRow, ref, with_for_update=True)
        row = session.get(EntryRow, ref)
        if row is None:
            raise UnknownEntry(ref)
        if job is None:
            raise NotAllowed(f"entry {ref} is {row.status}; only waiting entries can be withdrawn")
        row.status = Status.CANCELLED.value
        session.delete(job)
        session.flush()
        slug = session.get_one(ContestRow, row.contest_id).slug
        record(session, slug, actor, "entry cancelled", {"entry": ref}, now)
        return _one(session, ref)


def _one(session: Session, ref: int) -> Entry:
    found = entry_values(session, EntryRow.id == ref)
    if not found:
        raise UnknownEntry(ref)
    return found[0]


def _add_entry(
    arrival: Arrival, team: TeamRow, digest: str, size: int, file_name: str, description: str
) -> EntryRow:
    row = EntryRow(
        contest_id=arrival.contest.id,
        team_id=team.id,
        user_id=arrival.user.id,
        digest=digest,
        file_name=file_name,
        size=size,
        description=description,
        submitted_at=arrival.now,
        day=arrival.now.astimezone(UTC).date(),
        status=Status.PENDING.value,
        sandbox=arrival.sandbox,
        baseline=arrival.baseline,
        late=arrival.is_late and not arrival.by_host,
        message="",
        host_message="",
    )
    arrival.session.add(row)
    arrival.session.flush()
    arrival.session.add(_job(row, arrival.now))
    arrival.session.flush()
    return row


def _job(row: EntryRow, now: datetime) -> JobRow:
    return JobRow(entry_id=row.id, queued_at=now, not_before=now, attempts=0, last_error="")
