"""A contest's leaderboard, as its server gives it to everybody."""

from __future__ import annotations

import csv
import io
import re
import tempfile
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from submissions.client import ask
from submissions.errors import NotPermitted, ServerRefused
from submissions.servers import Server

__all__ = ["Board", "fetch_board", "fetch_leaderboard"]

MAX_BOARD_BYTES = 512 * 1024**2


@dataclass(frozen=True)
class Board:
    """A leaderboard.

    Attributes
    ----------
    is_private : bool
        True for the final board, made of the private scores.
    rows : list of dict
        ``rank`` (None for a baseline), ``team_id``, ``team``, ``score``, ``entries``,
        ``last_entry`` (ISO 8601) and ``members`` (user names), the best first.
    """

    is_private: bool
    rows: list[dict[str, Any]]


def fetch_leaderboard(server: Server, slug: str) -> list[dict[str, Any]]:
    """Return the rows of the board that the server shows now; see `Board`."""
    return fetch_board(server, slug).rows


def fetch_board(server: Server, slug: str, *, private: bool = False) -> Board:
    """Return the board that the server shows now: the public one, the final one once released.

    Parameters
    ----------
    server : Server
        Where the contest is.
    slug : str
        The contest.
    private : bool
        Take the final board or nothing.

    Raises
    ------
    NotPermitted
        When the final board was asked for and is not released.
    """
    with tempfile.TemporaryDirectory(prefix="ripe-") as folder:
        answer = ask(server, "leaderboard", subject=slug, slug=slug, folder=folder)
        name, text = _only_table(Path(answer["file"]), server)
    board = Board(_is_private(name, slug), [_row(row) for row in csv.DictReader(text)])
    if private and not board.is_private:
        raise NotPermitted(f"the private leaderboard of {slug} is not released yet")
    return board


def _is_private(table: str, slug: str) -> bool:
    """Say by its file's name which board this is; a contest may have "private" in its own name."""
    return re.fullmatch(rf"{re.escape(slug)}-private-?leaderboard.*\.csv", table, re.I) is not None


def _only_table(archive: Path, server: Server) -> tuple[str, io.StringIO]:
    try:
        with zipfile.ZipFile(archive) as opened:
            member = opened.infolist()[0]
            with opened.open(member) as stream:
                content = stream.read(MAX_BOARD_BYTES)
    except (zipfile.BadZipFile, IndexError) as error:
        raise ServerRefused(f"{server.name} sent a leaderboard that cannot be read") from error
    return member.filename, io.StringIO(content.decode("utf-8-sig"), newline="")


def _row(row: Mapping[str, str]) -> dict[str, Any]:
    return {
        "rank": int(row["Rank"]) if row.get("Rank") else None,
        "team_id": int(row["TeamId"]) if row.get("TeamId") else None,
        "team": _plain_name(row.get("TeamName") or ""),
        "score": float(row["Score"]) if row.get("Score") else None,
        "entries": int(row.get("SubmissionCount") or 0),
        "last_entry": row.get("LastSubmissionDate") or None,
        "members": [name for name in (row.get("TeamMemberUserNames") or "").split(",") if name],
    }


def _plain_name(text: str) -> str:
    """Take off the apostrophe that keeps a spreadsheet from reading a name as a formula."""
    return text[1:] if text[:1] == "'" and text[1:2] in tuple("=+-@") else text
