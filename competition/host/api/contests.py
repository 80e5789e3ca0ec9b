"""Contests and their boards."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Query
from pydantic import BaseModel

from competition.board import Confidence
from competition.host.api.asking import ERRORS, Asker
from competition.host.leaderboards import shown_board, shown_intervals
from competition.store import BoardRow, ContestRecord, contest_record, list_contests
from competition.visibility import final_board_is_out, is_launched

__all__ = ["router"]


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


router = APIRouter(responses=ERRORS)


@router.get("/user")
def user(asker: Asker) -> UserTold:
    """Tell who asks."""
    return UserTold(name=asker.known.name, is_admin=asker.known.is_admin)


@router.get("/contests")
def contests(asker: Asker) -> list[ContestTold]:
    """List the contests that the asker may know of."""
    records = list_contests(asker.store, asker.user, asker.now)
    return [_contest(record, asker.now) for record in records]


@router.get("/contests/{slug}")
def contest(asker: Asker, slug: str) -> ContestTold:
    """Describe a contest."""
    asker.door(slug)
    return _contest(contest_record(asker.store, slug), asker.now)


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


def _contest(record: ContestRecord, now: datetime) -> ContestTold:
    found = record.contest
    return ContestTold(
        slug=found.slug,
        title=found.title,
        description=found.description,
        metric=found.metric.name,
        greater_is_better=record.greater_is_better,
        targets=list(found.targets),
        id_column=found.id_column,
        launched=is_launched(found, now),
        deadline=found.deadline,
        final_board_is_out=final_board_is_out(found, now),
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
