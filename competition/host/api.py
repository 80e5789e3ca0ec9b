"""The host's own JSON interface, for what Kaggle's calls have no words for.

Everything lies under ``/api``; ``/api/openapi.json`` describes it. Errors have one shape,
``{"code", "message"}``, the same as Kaggle's.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Annotated, Any

from fastapi import APIRouter, Depends, FastAPI, Query, Request
from fastapi.exceptions import RequestValidationError
from pydantic import BaseModel, ConfigDict, Field
from starlette.exceptions import HTTPException
from starlette.responses import Response

from competition.board import Confidence
from competition.errors import CompetitionError
from competition.host.context import Host, host_address, host_of
from competition.host.doors import Door, entry_door, open_door, require
from competition.host.failures import Failure, failure_of, refusal
from competition.host.identity import signed_in
from competition.host.invitations import invitation_path
from competition.host.leaderboards import shown_board, shown_intervals
from competition.host.scores import entry_note
from competition.host.sessions import user_of_request
from competition.queue import count_workers, why_pending
from competition.store import (
    BoardRow,
    Entry,
    Store,
    Team,
    User,
    audit_records,
    cancel_entry,
    contest_record,
    create_invitation,
    final_entries,
    find_team,
    list_contest_entries,
    list_contests,
    list_entries,
    merge_teams,
    rename_team,
    select_final,
    submission_limits,
)
from competition.visibility import Sight, final_board_is_out, is_launched

__all__ = ["api_app"]

_MOST = 1000
Number = Annotated[int, Field(ge=0, lt=1 << 63)]  # what a database can hold


class Problem(BaseModel):
    """What went wrong: the HTTP status again, and one sentence."""

    code: int
    message: str


class UserTold(BaseModel):
    """Who asks."""

    name: str
    is_admin: bool


class ContestTold(BaseModel):
    """A contest."""

    slug: str
    title: str
    description: str
    metric: str
    greater_is_better: bool
    targets: list[str]
    id_column: str
    launched: bool
    deadline: datetime | None
    final_board_is_out: bool
    max_daily_submissions: int
    num_scored_submissions: int
    max_team_size: int
    teams: int
    hosts: list[str]


class IntervalTold(BaseModel):
    """How sure a line of the public board is: 95 % intervals of rank and score; its tie group."""

    rank_low: int
    rank_high: int
    score_low: float
    score_high: float
    tie_group: int


class LineTold(BaseModel):
    """A line of a board; baselines have no rank, final boards no intervals."""

    rank: int | None
    team_id: int
    team: str
    members: list[str]
    score: float
    entries: int
    last_entry: datetime
    is_baseline: bool
    interval: IntervalTold | None


class BoardTold(BaseModel):
    """A board."""

    board: str
    lines: list[LineTold]


class EntryTold(BaseModel):
    """An entry, with what the asker may see of it."""

    ref: int
    contest: str
    team: str
    user: str
    file_name: str
    size: int
    description: str
    submitted_at: datetime
    status: str
    late: bool
    selected: bool
    public_score: float | None
    private_score: float | None
    note: str
    host_message: str = Field(description="Why scoring broke; for the contest's hosts alone.")


class WaitTold(BaseModel):
    """Why an entry has no score yet."""

    ref: int
    status: str
    why: str


class LimitsTold(BaseModel):
    """What a team may still send today."""

    used_today: int
    total: int
    allowed_now: int
    per_day: int
    pending: int
    resets_at: datetime


class TeamTold(BaseModel):
    """A team."""

    id: int
    name: str
    members: list[str]


class Selection(BaseModel):
    """The entries by which a team wants to stand; none leaves the choice to the public board."""

    model_config = ConfigDict(extra="forbid")
    refs: list[Number] = Field(max_length=100)


class TeamName(BaseModel):
    """A team's new name."""

    model_config = ConfigDict(extra="forbid")
    name: str = Field(min_length=1, max_length=100)


class InvitationWanted(BaseModel):
    """How often and how long an invitation may be used."""

    model_config = ConfigDict(extra="forbid")
    uses: int | None = Field(default=None, ge=1)
    days: int = Field(default=14, ge=1, le=3660)


class InvitationTold(BaseModel):
    """An invitation's link; it is shown this once."""

    url: str
    expires_at: datetime


class Merger(BaseModel):
    """Two teams by their numbers: the one that stays, and the one it takes in."""

    model_config = ConfigDict(extra="forbid")
    into: Number
    other: Number


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


class _Asker:
    """One request: the host, the time and who asks."""

    def __init__(self, request: Request) -> None:
        self.host: Host = host_of(request)
        self.now: datetime = self.host.clock()
        self.user: User | None = user_of_request(request)
        self.base_url = host_address(request)

    @property
    def store(self) -> Store:
        return self.host.store

    @property
    def known(self) -> User:
        return signed_in(self.user)

    def door(self, slug: str) -> Door:
        return open_door(self.store, slug, self.user, self.now)


Asker = Annotated[_Asker, Depends(_Asker)]
_ERRORS: dict[int | str, dict[str, Any]] = {
    status: {"model": Problem} for status in (400, 401, 403, 404, 422)
}
router = APIRouter(responses=_ERRORS)


@router.get("/user")
def user(asker: Asker) -> UserTold:
    """Tell who asks."""
    return UserTold(name=asker.known.name, is_admin=asker.known.is_admin)


@router.get("/contests")
def contests(asker: Asker) -> list[ContestTold]:
    """List the contests that the asker may know of."""
    records = list_contests(asker.store, asker.user, asker.now)
    return [_contest(asker, record.contest.slug) for record in records]


@router.get("/contests/{slug}")
def contest(asker: Asker, slug: str) -> ContestTold:
    """Describe a contest."""
    asker.door(slug)
    return _contest(asker, slug)


@router.get("/contests/{slug}/leaderboard")
def leaderboard(
    asker: Asker, slug: str, board: Annotated[str, Query(pattern="^(public|private)$")] = "public"
) -> BoardTold:
    """Give the public or the final board."""
    door = asker.door(slug)
    shown = shown_board(asker.store, door, private=board == "private")
    sure = shown_intervals(asker.store, door, shown)
    lines = [_board_line(row, sure.get(row.team_id)) for row in shown.rows]
    return BoardTold(board=board, lines=lines)


@router.get("/contests/{slug}/entries")
def entries(
    asker: Asker,
    slug: str,
    everyone: bool = False,
    limit: Annotated[int, Query(ge=1, le=_MOST)] = _MOST,
    offset: Number = 0,
) -> list[EntryTold]:
    """List the asker's team's entries, newest first; for hosts everyone's, if wished."""
    door = asker.door(slug)
    if everyone:
        require(door, Sight.HOST_MESSAGES)
        found = list_contest_entries(asker.store, slug, limit=limit, offset=offset)
    else:
        found = list_entries(asker.store, slug, asker.known.name, limit=limit, offset=offset)
    return [_entry(shown) for one in found if (shown := door.entry(one))]


@router.get("/contests/{slug}/limits")
def limits(asker: Asker, slug: str) -> LimitsTold:
    """Tell what the asker's team may still send today."""
    asker.door(slug)
    found = submission_limits(asker.store, slug, asker.known.name, asker.now)
    return LimitsTold(**vars(found))


@router.get("/contests/{slug}/team")
def team(asker: Asker, slug: str) -> TeamTold:
    """Describe the asker's team."""
    return _team(_own_team(asker, slug))


@router.patch("/contests/{slug}/team")
def rename(asker: Asker, slug: str, wanted: TeamName) -> TeamTold:
    """Give the asker's team another name."""
    own = _own_team(asker, slug)
    if not wanted.name.isprintable() or not wanted.name.strip():
        raise Failure(400, "a team's name needs letters that can be shown")
    actor = asker.known.name
    return _team(rename_team(asker.store, own.id, wanted.name.strip(), actor=actor, now=asker.now))


@router.get("/contests/{slug}/selections")
def selections(asker: Asker, slug: str) -> list[EntryTold]:
    """List the entries by which the asker's team stands, chosen or by the automatic choice."""
    door, own = asker.door(slug), _own_team(asker, slug)
    found = final_entries(asker.store, slug, own.id)
    return [_entry(shown) for one in found if (shown := door.entry(one))]


@router.put("/contests/{slug}/selections")
def select(asker: Asker, slug: str, wanted: Selection) -> list[EntryTold]:
    """Choose the entries by which the asker's team stands."""
    door = asker.door(slug)
    found = select_final(asker.store, slug, asker.known.name, wanted.refs, now=asker.now)
    return [_entry(shown) for one in found if (shown := door.entry(one))]


@router.get("/entries/{ref}")
def entry(asker: Asker, ref: Number) -> EntryTold:
    """Describe an entry."""
    return _entry(entry_door(asker.store, ref, asker.known, asker.now)[1])


@router.get("/entries/{ref}/wait")
def wait(asker: Asker, ref: Number) -> WaitTold:
    """Say why an entry has no score yet."""
    shown = entry_door(asker.store, ref, asker.known, asker.now)[1]
    return WaitTold(
        ref=ref, status=shown.status.value, why=why_pending(asker.store, ref, asker.now)
    )


@router.delete("/entries/{ref}")
def withdraw(asker: Asker, ref: Number) -> EntryTold:
    """Withdraw an entry that has no score yet."""
    door, _ = entry_door(asker.store, ref, asker.known, asker.now)
    cancelled = cancel_entry(asker.store, ref, actor=asker.known.name, now=asker.now)
    return _entry(door.entry(cancelled) or cancelled)


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


@router.post("/contests/{slug}/mergers")
def merge(asker: Asker, slug: str, wanted: Merger) -> TeamTold:
    """Let one team take in another; for hosts, at the wish of both teams."""
    require(asker.door(slug), Sight.HOST_MESSAGES)
    actor = asker.known.name
    return _team(
        merge_teams(asker.store, slug, wanted.into, wanted.other, actor=actor, now=asker.now)
    )


@router.get("/contests/{slug}/queue")
def queue(asker: Asker, slug: str) -> QueueTold:
    """Say how many entries wait and how many workers there are; for hosts."""
    require(asker.door(slug), Sight.HOST_MESSAGES)
    waiting = [one for one in list_contest_entries(asker.store, slug) if one.status.is_open]
    return QueueTold(waiting=len(waiting), workers=count_workers(asker.store, asker.now))


@router.get("/contests/{slug}/audit")
def audit(
    asker: Asker,
    slug: str,
    after: Number = 0,
    limit: Annotated[int, Query(ge=1, le=_MOST)] = _MOST,
) -> list[RecordTold]:
    """List the records of a contest's audit log; for hosts."""
    require(asker.door(slug), Sight.AUDIT)
    names = RecordTold.model_fields
    found = audit_records(asker.store, slug, after=after, limit=limit)
    return [RecordTold(**{name: getattr(one, name) for name in names}) for one in found]


def api_app() -> FastAPI:
    """Return the application that serves the interface; its state is set by the caller."""
    app = FastAPI(title="Ripe", version="1", docs_url=None, redoc_url=None)
    app.include_router(router)
    handlers: list[tuple[Any, Callable[[Request, Exception], Response]]] = [
        (RequestValidationError, _refuse_form),
        (HTTPException, _refuse),
        (Failure, _refuse),
        (CompetitionError, _refuse),
        (Exception, _refuse),
    ]
    for kind, handler in handlers:
        app.add_exception_handler(kind, handler)
    return app


def _refuse(_: Request, error: Exception) -> Response:
    if isinstance(error, HTTPException):
        error = Failure(error.status_code, str(error.detail), error.headers)
    return refusal(failure_of(error))


def _refuse_form(_: Request, error: Exception) -> Response:
    """Say in one sentence which parts of a request do not fit."""
    problems = error.errors() if isinstance(error, RequestValidationError) else []
    said = [f"{'.'.join(str(part) for part in one['loc'][1:])}: {one['msg']}" for one in problems]
    return refusal(Failure(422, "; ".join(said) or "the request does not fit"))


def _contest(asker: _Asker, slug: str) -> ContestTold:
    record = contest_record(asker.store, slug)
    found = record.contest
    return ContestTold(
        slug=found.slug,
        title=found.title,
        description=found.description,
        metric=found.metric.name,
        greater_is_better=record.greater_is_better,
        targets=list(found.targets),
        id_column=found.id_column,
        launched=is_launched(found, asker.now),
        deadline=found.deadline,
        final_board_is_out=final_board_is_out(found, asker.now),
        max_daily_submissions=found.max_daily_submissions,
        num_scored_submissions=found.num_scored_submissions,
        max_team_size=found.max_team_size,
        teams=record.teams,
        hosts=list(record.hosts),
    )


def _board_line(row: BoardRow, sure: Confidence | None) -> LineTold:
    names = set(LineTold.model_fields) - {"interval"}
    ends = IntervalTold.model_fields
    told = None if sure is None else {name: getattr(sure, name) for name in ends}
    interval = None if told is None else IntervalTold(**told)
    return LineTold(**{name: getattr(row, name) for name in names}, interval=interval)


def _invited(asker: _Asker, slug: str | None, wanted: InvitationWanted) -> InvitationTold:
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


def _own_team(asker: _Asker, slug: str) -> Team:
    asker.door(slug)
    found = find_team(asker.store, slug, asker.known.name)
    if found is None:
        raise Failure(404, f"you have no team in {slug} yet; your first entry makes one")
    return found


def _team(found: Team) -> TeamTold:
    return TeamTold(id=found.id, name=found.name, members=list(found.members))


def _entry(shown: Entry) -> EntryTold:
    names = set(EntryTold.model_fields) - {"status", "note"}
    same = {name: getattr(shown, name) for name in names}
    return EntryTold(**same, status=shown.status.value, note=entry_note(shown))
