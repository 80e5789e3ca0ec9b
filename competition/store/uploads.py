"""Announced uploads: who sends what under which token, and the content once it is whole."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import delete
from sqlalchemy.orm import Session

from competition.store.known_files import remember_file
from competition.store.opening import Store
from competition.store.rows import user_row
from competition.store.schema import UploadRow, UserRow
from competition.store.users import digest_of_token

__all__ = [
    "Upload",
    "announce_upload",
    "announced_upload",
    "find_upload",
    "finish_upload",
    "forget_uploads",
]


@dataclass(frozen=True)
class Upload:
    """An upload; ``digest`` is None until all bytes are there."""

    user_name: str
    kind: str
    file_name: str
    size: int
    digest: str | None
    created_at: datetime


def announce_upload(
    store: Store,
    user_name: str,
    *,
    token: str,
    kind: str,
    file_name: str,
    size: int,
    now: datetime,
) -> Upload:
    """Note that a user will send a file of `size` bytes under a token that the caller made."""
    with store.writing(durable=False) as session:
        user = user_row(session, user_name)
        row = UploadRow(
            token_digest=digest_of_token(token),
            user_id=user.id,
            kind=kind,
            file_name=file_name,
            size=size,
            created_at=now,
        )
        session.add(row)
        return _upload(row, user.name)


def announced_upload(session: Session, token: str) -> UploadRow | None:
    """Return the row behind a token, locked until the end of the transaction, or None."""
    return session.get(UploadRow, digest_of_token(token), with_for_update=True)


def find_upload(store: Store, token: str) -> Upload | None:
    """Return the upload behind a token, or None."""
    with store.reading() as session:
        row = session.get(UploadRow, digest_of_token(token))
        return _upload(row, _user_name(session, row)) if row is not None else None


def finish_upload(store: Store, token: str, digest: str, now: datetime) -> Upload:
    """Note the content of an upload, which ``store.files`` already holds.

    Raises
    ------
    LookupError
        When nothing was announced under this token.
    """
    with store.writing(durable=False) as session:
        row = session.get(UploadRow, digest_of_token(token))
        if row is None:
            raise LookupError("no upload was announced under this token")
        remember_file(session, store, digest, now)
        row.digest, row.size, row.finished_at = digest, store.files.size(digest), now
        return _upload(row, _user_name(session, row))


def forget_uploads(store: Store, *, before: datetime) -> int:
    """Forget uploads announced before a time; return how many. Stored content stays."""
    with store.writing(durable=False) as session:
        old = delete(UploadRow).where(UploadRow.created_at < before)
        return len(session.scalars(old.returning(UploadRow.token_digest)).all())


def _user_name(session: Session, row: UploadRow) -> str:
    return session.get_one(UserRow, row.user_id).name


def _upload(row: UploadRow, user_name: str) -> Upload:
    return Upload(
        user_name=user_name,
        kind=row.kind,
        file_name=row.file_name,
        size=row.size,
        digest=row.digest,
        created_at=row.created_at,
    )
