"""What can be seen of an entry on its server: status, scores, and the team's place."""

from __future__ import annotations

import logging
from typing import Any

from experiments.ledger.book import Sighting
from submissions import Board, Entry, Server, SubmissionError, fetch_board

__all__ = ["board_or_none", "seen_on", "sight"]

logger = logging.getLogger(__name__)


def sight(entry: Entry, slug: str, server: Server) -> Sighting:
    """Look at the board and say what is to be seen of an entry now."""
    return seen_on(board_or_none(slug, server), entry)


def board_or_none(slug: str, server: Server) -> Board | None:
    """Return the board that the server shows, None where it shows none."""
    try:
        return fetch_board(server, slug)
    except SubmissionError as error:
        logger.info("no ranks for %s: %s", slug, error)
        return None


def seen_on(board: Board | None, entry: Entry) -> Sighting:
    """Say what is to be seen of an entry, its team's place taken from a board."""
    row = _row_of(board, entry.team)
    rank = row["rank"] if row else None
    is_private = board is not None and board.is_private
    ranked = [one for one in board.rows if one["rank"] is not None] if board else []
    return Sighting(
        status=entry.status,
        public_score=entry.public_score,
        private_score=entry.private_score,
        public_rank=None if is_private else rank,
        private_rank=rank if is_private else None,
        teams=len(ranked) or None,
        message=entry.message,
    )


def _row_of(board: Board | None, team: str) -> dict[str, Any] | None:
    rows = board.rows if board else []
    return next((row for row in rows if row["team"] == team), None)
