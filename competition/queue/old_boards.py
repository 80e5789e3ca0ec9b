"""Boards as they stood before a rescore."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from competition.store import Store
from competition.store.rows import contest_row
from competition.store.schema import ContestRow, OldBoardRow, VersionRow
from competition.store.standings import Board, board_rows

__all__ = ["OldBoard", "OldLine", "keep_board", "list_old_boards"]


@dataclass(frozen=True)
class OldLine:
    """A line of an old board; ``rank`` is None for a baseline."""

    rank: int | None
    team: str
    score: float
    entries: int
    entry_ref: int


@dataclass(frozen=True)
class OldBoard:
    """Both boards of a contest as they stood under version ``version`` until ``kept_at``."""

    version: int
    kept_at: datetime
    public: tuple[OldLine, ...]
    private: tuple[OldLine, ...]


def list_old_boards(store: Store, slug: str) -> list[OldBoard]:
    """Return the boards that rescores replaced, oldest first."""
    with store.reading() as session:
        contest = contest_row(session, slug)
        query = (
            select(OldBoardRow, VersionRow.number)
            .join(VersionRow, VersionRow.id == OldBoardRow.version_id)
            .where(OldBoardRow.contest_id == contest.id)
            .order_by(OldBoardRow.id)
        )
        return [
            OldBoard(number, row.kept_at, _lines(row.public), _lines(row.private))
            for row, number in session.execute(query)
        ]


def keep_board(session: Session, row: ContestRow, version: VersionRow, now: datetime) -> None:
    """Keep both boards as they stand now, in the caller's transaction."""
    session.add(
        OldBoardRow(
            contest_id=row.id,
            version_id=version.id,
            kept_at=now,
            public=_plain(session, row, "public"),
            private=_plain(session, row, "private"),
        )
    )


def _plain(session: Session, row: ContestRow, board: Board) -> list[dict[str, Any]]:
    names = ("rank", "team", "score", "entries", "entry_ref")
    return [
        {name: getattr(line, name) for name in names} for line in board_rows(session, row, board)
    ]


def _lines(plain: list[dict[str, Any]]) -> tuple[OldLine, ...]:
    return tuple(OldLine(**line) for line in plain)
