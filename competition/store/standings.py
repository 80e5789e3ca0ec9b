"""Boards, kept up to date entry by entry and never recomputed on a read.

Each team with a score has one row of `StandingRow`: its best public score and its final private
score as keys of which the smaller is better, with the time of the entry that earned it. A board is
a walk along an index; a team's own rank is a count along the same index.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any, Literal, NamedTuple, TypeAlias

from sqlalchemy import ColumnElement, Row, Select, and_, func, or_, select, text
from sqlalchemy.orm import InstrumentedAttribute, Session

from competition.store.opening import Store
from competition.store.rows import contest_row
from competition.store.schema import ContestRow, EntryRow, StandingRow, TeamRow
from competition.store.teams import members_of
from competition.store.values import BoardRow, Status
from competition.store.versions import current_version

__all__ = ["Board", "board_place", "board_rows", "late_board", "private_board", "public_board"]

Board: TypeAlias = Literal["public", "private"]
Place: TypeAlias = tuple[float, datetime, int]


def public_board(
    store: Store, slug: str, *, top: int | None = None, offset: int = 0
) -> list[BoardRow]:
    """Return the public board, best first, baselines in their places.

    Parameters
    ----------
    top
        At most so many ranked teams.
    offset
        Begin after so many ranked teams.
    """
    with store.reading() as session:
        return board_rows(session, contest_row(session, slug), "public", top=top, offset=offset)


def private_board(
    store: Store, slug: str, *, top: int | None = None, offset: int = 0
) -> list[BoardRow]:
    """Return the final board; whether a viewer may see it is for `competition.visibility`."""
    with store.reading() as session:
        return board_rows(session, contest_row(session, slug), "private", top=top, offset=offset)


def late_board(store: Store, slug: str, *, top: int | None = 100) -> list[BoardRow]:
    """Return entries that came after the deadline, best private score first.

    Each has the rank that it would have taken on the final board; it takes nobody's.
    """
    keys = _Keys("private")
    with store.reading() as session:
        contest = contest_row(session, slug)
        sign = -1.0 if current_version(session, contest).greater_is_better else 1.0
        lines = [
            _late_line(session, keys, contest, entry, name, sign)
            for entry, name in _late_entries(session, contest, sign, top)
        ]
        members = members_of(session, (line.team_id for line in lines))
        return [replace(line, members=members.get(line.team_id, ())) for line in lines]


def board_place(store: Store, slug: str, team_id: int, board: Board = "public") -> BoardRow | None:
    """Return a team's own line of a board, or None when it has no score there."""
    with store.reading() as session:
        contest = contest_row(session, slug)
        keys = _Keys(board)
        query = keys.lines(contest.id).where(StandingRow.team_id == team_id)
        found = session.execute(query).one_or_none()
        if found is None:
            return None
        line = _Line(*found)
        rank = _rank(session, keys, contest, line) if line.ranked else None
        return _rows(session, contest, [(rank, line)])[0]


def board_rows(
    session: Session,
    contest: ContestRow,
    board: Board,
    *,
    top: int | None = None,
    offset: int = 0,
) -> list[BoardRow]:
    """Return a board, or a part of it, as the session sees it."""
    keys = _Keys(board)
    one_more = None if top is None else top + 1
    ordered = keys.ordered(contest.id, ranked=True).limit(one_more).offset(offset)
    found = [_Line(*row) for row in session.execute(ordered)]
    ranked = list(enumerate(found[:top], start=offset + 1))
    if not ranked and offset:
        return []
    start = found[0].place if offset else None
    end = found[-1].place if len(found) == one_more else None
    baselines = (_Line(*row) for row in session.execute(keys.ordered(contest.id, ranked=False)))
    between = [(None, line) for line in baselines if _is_between(line, start, end)]
    lines = sorted([*ranked, *between], key=lambda numbered: numbered[1].place)
    return _rows(session, contest, lines)


class _Line(NamedTuple):
    """A line as the database gives it; ``place`` orders the lines of a board."""

    team_id: int
    team: str
    ranked: bool
    entries: int
    last_entry: datetime
    key: float
    at: datetime
    entry_ref: int

    @property
    def place(self) -> Place:
        return self.key, self.at, self.entry_ref


class _Keys:
    """The columns of one of the two boards."""

    def __init__(self, board: Board) -> None:
        public = board == "public"
        self.key: InstrumentedAttribute[float | None] = (
            StandingRow.public_key if public else StandingRow.private_key
        )
        self.at = StandingRow.public_at if public else StandingRow.private_at
        self.entry = StandingRow.public_entry_id if public else StandingRow.private_entry_id

    def lines(self, contest_id: int) -> Select[*tuple[Any, ...]]:
        """Select what a `_Line` holds of each line of a contest, in no order."""
        standing = StandingRow
        columns = (standing.ranked, standing.entries, standing.last_entry_at)
        return (
            select(standing.team_id, TeamRow.name, *columns, self.key, self.at, self.entry)
            .join(TeamRow, TeamRow.id == standing.team_id)
            .where(standing.contest_id == contest_id, self.key.is_not(None))
        )

    def ordered(self, contest_id: int, *, ranked: bool) -> Select[*tuple[Any, ...]]:
        """Select the lines of a contest, best first, ties to the earlier entry."""
        lines = self.lines(contest_id).where(StandingRow.ranked.is_(ranked))
        return lines.order_by(self.key, self.at, self.entry)

    def before(self, line: _Line) -> ColumnElement[bool]:
        """Say which lines stand above one."""
        return or_(
            self.key < line.key,
            and_(self.key == line.key, self.at < line.at),
            and_(self.key == line.key, self.at == line.at, self.entry < line.entry_ref),
        )


def _is_between(line: _Line, start: Place | None, end: Place | None) -> bool:
    return (start is None or line.place > start) and (end is None or line.place < end)


def _rank(session: Session, keys: _Keys, contest: ContestRow, line: _Line) -> int:
    above = select(func.count()).where(
        StandingRow.contest_id == contest.id,
        StandingRow.ranked.is_(True),
        keys.key.is_not(None),
        keys.before(line),
    )
    return 1 + (session.scalar(above) or 0)


def _rows(
    session: Session, contest: ContestRow, lines: Sequence[tuple[int | None, _Line]]
) -> list[BoardRow]:
    sign = -1.0 if current_version(session, contest).greater_is_better else 1.0
    members = members_of(session, (line.team_id for _, line in lines))
    return [
        BoardRow(
            rank=rank,
            team_id=line.team_id,
            team=line.team,
            members=members.get(line.team_id, ()),
            score=sign * line.key + 0.0,
            entries=line.entries,
            last_entry=line.last_entry,
            entry_ref=line.entry_ref,
            is_baseline=not line.ranked,
        )
        for rank, line in lines
    ]


def _late_entries(
    session: Session, contest: ContestRow, sign: float, top: int | None
) -> Sequence[Row[EntryRow, str]]:
    query = (
        select(EntryRow, TeamRow.name)
        .join(TeamRow, TeamRow.id == EntryRow.team_id)
        .where(
            EntryRow.contest_id == contest.id,
            text("late"),  # spelt as in the index that holds late entries alone
            EntryRow.status == Status.SCORED.value,
            EntryRow.private_score.is_not(None),
        )
        .order_by(sign * EntryRow.private_score, EntryRow.submitted_at, EntryRow.id)
    )
    return session.execute(query.limit(top)).all()


def _late_line(
    session: Session, keys: _Keys, contest: ContestRow, entry: EntryRow, team: str, sign: float
) -> BoardRow:
    score = entry.private_score or 0.0
    better = select(func.count()).where(
        StandingRow.contest_id == contest.id,
        StandingRow.ranked.is_(True),
        keys.key <= sign * score,
    )
    return BoardRow(
        rank=1 + (session.scalar(better) or 0),
        team_id=entry.team_id,
        team=team,
        members=(),
        score=score,
        entries=1,
        last_entry=entry.submitted_at,
        entry_ref=entry.id,
    )
