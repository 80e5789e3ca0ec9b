"""What a contest ended with: the final board with medals and points, who moved, who came late.

It shows private scores whenever it is asked: who may see them is for `competition.visibility`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from competition.board import Standing, award_medals, ranking_points, shake_up
from competition.board.awards import Medal
from competition.store import (
    BoardRow,
    Store,
    get_contest,
    late_board,
    private_board,
    public_board,
)

__all__ = ["Result", "Results", "contest_results", "final_medals"]

_DAY_SECONDS = 86_400


@dataclass(frozen=True)
class Result:
    """A line of the final board; baselines have no rank and earn nothing.

    Attributes
    ----------
    rank, public_rank : int, optional
        Places on both boards; the second is counted among the teams that stand on both.
    team : str
    members : tuple of str
    score : float
    gained : int, optional
        Places gained from the public to the final board, counted alike.
    medal : str, optional
        ``gold``, ``silver`` or ``bronze``.
    points : float
        Of each member.
    """

    rank: int | None
    team: str
    members: tuple[str, ...]
    score: float
    public_rank: int | None
    gained: int | None
    medal: Medal | None
    points: float


@dataclass(frozen=True)
class Results:
    """The end of a contest.

    Attributes
    ----------
    lines : tuple of Result
        Best first.
    shake_up, shake_up_on_top : float
        Mean of ``|public rank - final rank| / teams`` over all teams, and over the top tenth.
    late : tuple of BoardRow
        Entries after the deadline, with the rank that each would have taken.
    """

    lines: tuple[Result, ...]
    shake_up: float
    shake_up_on_top: float
    late: tuple[BoardRow, ...]


def contest_results(store: Store, slug: str, *, now: datetime) -> Results:
    """Give the final board of a contest as it stands now, with medals, points and the shake-up.

    Parameters
    ----------
    now : datetime, aware
        Points fade from the deadline on.
    """
    rows = private_board(store, slug)
    final = [_standing(row) for row in rows]
    moved = shake_up([_standing(row) for row in public_board(store, slug)], final)
    moves = {move.team: move for move in moved.moves}
    medals = final_medals(rows)
    days = _days_after(get_contest(store, slug).deadline, now)
    teams = sum(row.rank is not None for row in rows)
    lines = []
    for row in rows:
        move = moves.get(row.team_id)
        lines.append(
            Result(
                rank=row.rank,
                team=row.team,
                members=row.members,
                score=row.score,
                public_rank=None if move is None else move.public_rank,
                gained=None if move is None else move.gained,
                medal=medals.get(row.team_id),
                points=_points(row, teams, days),
            )
        )
    return Results(tuple(lines), moved.mean, moved.top, tuple(late_board(store, slug)))


def final_medals(rows: Sequence[BoardRow]) -> dict[int, Medal]:
    """Give the medals of a whole final board, by team id."""
    medals = award_medals([_standing(row) for row in rows])
    return {int(team): medal for team, medal in medals.items()}


def _standing(row: BoardRow) -> Standing:
    return Standing(
        rank=row.rank,
        team=row.team_id,
        score=row.score,
        entries=row.entries,
        last_entry=row.last_entry,
        entry_ref=row.entry_ref,
        is_baseline=row.is_baseline,
    )


def _days_after(deadline: datetime | None, now: datetime) -> float:
    return 0.0 if deadline is None else max(0.0, (now - deadline).total_seconds() / _DAY_SECONDS)


def _points(row: BoardRow, teams: int, days: float) -> float:
    if row.rank is None:
        return 0.0
    size = max(1, len(row.members))
    return ranking_points(row.rank, teams, team_size=size, days_after_deadline=days)
