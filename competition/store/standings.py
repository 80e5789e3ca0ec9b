"""Boards, kept up to date entry by entry and never recomputed on a read.

Each team with a score has one row of `StandingRow`: its best public score and its final private
score as keys of which the smaller is better, with the time of the entry that earned it. A board is
a walk along an index; a team's own rank is a count along the same index.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from operator import itemgetter
from typing import Literal, TypeAlias

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
        return _with_members(session, lines)


def board_place(store: Store, slug: str, team_id: int, board: Board = "public") -> BoardRow | None:
    """Return a team's own line of a board, or None when it has no score there."""
    with store.reading() as session:
        contest = contest_row(session, slug)
        keys = _Keys(board)
        query = keys.lines(contest.id).where(StandingRow.team_id == team_id)
        found = session.execute(query).one_or_none()
        if found is None:
            return None
        standing, name = found
        sign = -1.0 if current_version(session, contest).greater_is_better else 1.0
        rank = _rank(session, keys, standing) if standing.ranked else None
        row = keys.row(standing, name, rank, sign)
        return replace(row, members=members_of(session, [team_id]).get(team_id, ()))


class _Keys:
    """The columns of one of the two boards."""

    def __init__(self, board: Board) -> None:
        public = board == "public"
        self.key: InstrumentedAttribute[float | None] = (
            StandingRow.public_key if public else StandingRow.private_key
        )
        self.at = StandingRow.public_at if public else StandingRow.private_at
        self.entry = StandingRow.public_entry_id if public else StandingRow.private_entry_id

    def lines(self, contest_id: int) -> Select[StandingRow, str]:
        """Select the lines of a contest that have a score, in no order."""
        return (
            select(StandingRow, TeamRow.name)
            .join(TeamRow, TeamRow.id == StandingRow.team_id)
            .where(StandingRow.contest_id == contest_id, self.key.is_not(None))
        )

    def ordered(self, contest_id: int, *, ranked: bool) -> Select[StandingRow, str]:
        """Select the lines of a contest, best first, ties to the earlier entry."""
        lines = self.lines(contest_id).where(StandingRow.ranked.is_(ranked))
        return lines.order_by(self.key, self.at, self.entry)

    def before(self, row: StandingRow) -> ColumnElement[bool]:
        """Say which lines stand above a row."""
        key, at, entry = self.place(row)
        return or_(
            self.key < key,
            and_(self.key == key, self.at < at),
            and_(self.key == key, self.at == at, self.entry < entry),
        )

    def place(self, row: StandingRow) -> tuple[float, object, int]:
        """Return what a line is ordered by."""
        return tuple(getattr(row, column.key) for column in (self.key, self.at, self.entry))

    def row(self, row: StandingRow, team: str, rank: int | None, sign: float) -> BoardRow:
        """Return a line as a value."""
        return BoardRow(
            rank=rank,
            team_id=row.team_id,
            team=team,
            members=(),
            score=sign * getattr(row, self.key.key) + 0.0,
            entries=row.entries,
            last_entry=row.last_entry_at,
            entry_ref=getattr(row, self.entry.key),
            is_baseline=not row.ranked,
        )


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
    sign = -1.0 if current_version(session, contest).greater_is_better else 1.0
    one_more = None if top is None else top + 1
    ordered = keys.ordered(contest.id, ranked=True).limit(one_more).offset(offset)
    found = session.execute(ordered).all()
    start = keys.place(found[0][0]) if found and offset else None
    end = keys.place(found[-1][0]) if len(found) == one_more else None
    ranked = [
        (keys.place(row), keys.row(row, name, offset + position, sign))
        for position, (row, name) in enumerate(found[:top], start=1)
    ]
    if not ranked and offset:
        return []
    baselines = session.execute(keys.ordered(contest.id, ranked=False)).all()
    unranked = [
        (keys.place(row), keys.row(row, name, None, sign))
        for row, name in baselines
        if (start is None or keys.place(row) > start) and (end is None or keys.place(row) < end)
    ]
    lines = [line for _, line in sorted(ranked + unranked, key=itemgetter(0))]
    return _with_members(session, lines)


def _rank(session: Session, keys: _Keys, row: StandingRow) -> int:
    above = select(func.count()).where(
        StandingRow.contest_id == row.contest_id,
        StandingRow.ranked.is_(True),
        keys.key.is_not(None),
        keys.before(row),
    )
    return 1 + (session.scalar(above) or 0)


def _with_members(session: Session, lines: list[BoardRow]) -> list[BoardRow]:
    members = members_of(session, (line.team_id for line in lines))
    return [replace(line, members=members.get(line.team_id, ())) for line in lines]


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
