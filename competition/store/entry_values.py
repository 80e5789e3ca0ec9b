"""Entries as plain values."""

from __future__ import annotations

from typing import Any

from sqlalchemy import ColumnElement, select
from sqlalchemy.orm import Session

from competition.store.schema import ContestRow, EntryRow, SelectionRow, TeamRow, UserRow
from competition.store.values import Entry, Status

__all__ = ["entry_values"]


def entry_values(
    session: Session,
    *where: ColumnElement[bool],
    limit: int | None = None,
    offset: int = 0,
) -> list[Entry]:
    """Return the entries that fulfil all conditions, newest first."""
    query = (
        select(EntryRow, ContestRow.slug, TeamRow.name, UserRow.name, SelectionRow.entry_id)
        .join(ContestRow, ContestRow.id == EntryRow.contest_id)
        .join(TeamRow, TeamRow.id == EntryRow.team_id)
        .join(UserRow, UserRow.id == EntryRow.user_id)
        .outerjoin(SelectionRow, SelectionRow.entry_id == EntryRow.id)
        .where(*where)
        .order_by(EntryRow.submitted_at.desc(), EntryRow.id.desc())
        .limit(limit)
        .offset(offset)
    )
    return [_entry(*row) for row in session.execute(query)]


def _entry(row: EntryRow, slug: str, team: str, user: str, selection: int | None) -> Entry:
    same: dict[str, Any] = {name: getattr(row, name) for name in _SAME_NAMES}
    return Entry(
        ref=row.id,
        contest=slug,
        team=team,
        user=user,
        upload=row.digest,
        status=Status(row.status),
        selected=selection is not None,
        beside=row.beside or {},
        **same,
    )


_SAME_NAMES = (
    "team_id",
    "file_name",
    "size",
    "description",
    "submitted_at",
    "sandbox",
    "baseline",
    "late",
    "public_score",
    "true_public_score",
    "private_score",
    "overall_score",
    "message",
    "host_message",
    "scored_at",
)
