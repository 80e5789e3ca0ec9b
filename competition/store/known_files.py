"""Rows for stored files, so that foreign keys hold."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from competition.store.opening import Store
from competition.store.schema import FileRow

__all__ = ["remember_file"]


def remember_file(session: Session, store: Store, digest: str, now: datetime) -> int:
    """Note a file that ``store.files`` holds, once; return its size in bytes.

    Raises
    ------
    UnknownFile
        When the content is not stored.
    """
    size = store.files.size(digest)
    dialect = sqlite if store.is_sqlite else postgresql
    row = dialect.insert(FileRow).values(digest=digest, size=size, created_at=now)
    session.execute(row.on_conflict_do_nothing())
    return size
