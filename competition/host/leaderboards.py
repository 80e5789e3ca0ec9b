"""The leaderboard as viewers may see it, and as a file."""

from __future__ import annotations

import csv
import io
import zipfile
from collections.abc import Sequence
from dataclasses import dataclass

from competition.host.doors import Door, require
from competition.host.scores import shown_score
from competition.host.wire import naive
from competition.store import BoardRow, Store, private_board, public_board
from competition.visibility import Sight, final_board_is_out
from competition.watching import Intervals, board_intervals

__all__ = ["ShownBoard", "board_archive", "shown_board", "shown_intervals"]

_COLUMNS = (
    "Rank",
    "TeamId",
    "TeamName",
    "LastSubmissionDate",
    "Score",
    "SubmissionCount",
    "TeamMemberUserNames",
)


@dataclass(frozen=True)
class ShownBoard:
    """The lines of a board, and whether it is the final one."""

    private: bool
    rows: Sequence[BoardRow]


def shown_board(store: Store, door: Door, *, private: bool | None = None) -> ShownBoard:
    """Return the board that was asked for; without a wish the final one, once it is out.

    Raises
    ------
    Failure
        With status 403, when the viewer may not see it.
    """
    if private is None:
        private = final_board_is_out(door.contest, door.now)
    require(door, Sight.PRIVATE_BOARD if private else Sight.PUBLIC_BOARD)
    read = private_board if private else public_board
    return ShownBoard(private, read(store, door.contest.slug))


def shown_intervals(store: Store, door: Door, board: ShownBoard) -> Intervals:
    """Return how sure the lines of a board are, by team id; empty where the viewer may not see it.

    Only public boards have intervals.
    """
    if board.private or not door.shows(Sight.INTERVALS):
        return {}
    return board_intervals(store, door.contest.slug, board.rows)


def board_archive(door: Door, board: ShownBoard) -> bytes:
    """Return a board as Kaggle gives it out: one CSV file in a zip archive."""
    name = f"{door.contest.slug}-{'private' if board.private else 'public'}leaderboard.csv"
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        info = zipfile.ZipInfo(name)  # without the time of packing: the same board, the same bytes
        info.compress_type = zipfile.ZIP_DEFLATED
        archive.writestr(info, _csv(door, board.rows))
    return packed.getvalue()


def _csv(door: Door, rows: Sequence[BoardRow]) -> str:
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(_COLUMNS)
    for row in rows:
        writer.writerow(
            (
                row.rank if row.rank is not None else "",
                row.team_id,
                _inert(row.team),
                naive(row.last_entry),
                shown_score(row.score, door.contest),
                row.entries,
                ",".join(row.members),
            )
        )
    return text.getvalue()


def _inert(text: str) -> str:
    """Make plain text of a team's name that a spreadsheet would take for a formula."""
    return f"'{text}" if text.startswith(("=", "+", "-", "@", "\t", "\r")) else text
