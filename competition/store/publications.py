"""Data sets and models: published by a user, kept in versions of files."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal, TypeAlias

from sqlalchemy import delete, func, select
from sqlalchemy.orm import Session

from competition.errors import CompetitionError, did_you_mean
from competition.store.audit import HOST_CHAIN, record
from competition.store.known_files import remember_file
from competition.store.opening import Store
from competition.store.publication_schema import (
    PublicationFileRow,
    PublicationRow,
    PublicationVersionRow,
)
from competition.store.rows import name_key, user_row
from competition.store.schema import FileRow, UserRow
from competition.store.values import StoredFile

__all__ = [
    "Kind",
    "Publication",
    "PublicationExists",
    "PublicationVersion",
    "UnknownPublication",
    "add_publication",
    "add_publication_version",
    "change_publication",
    "delete_publication",
    "get_publication",
    "list_publications",
    "publication_by_id",
    "publication_file",
    "publication_files",
]

Kind: TypeAlias = Literal["dataset", "model", "variation"]


class UnknownPublication(CompetitionError, LookupError):
    """Nothing of this kind has this name."""


class PublicationExists(CompetitionError, ValueError):
    """The owner has something of this name already."""


@dataclass(frozen=True)
class PublicationVersion:
    """A version; ``number`` counts from 1, ``size`` is in bytes."""

    number: int
    notes: str
    created_at: datetime
    size: int


@dataclass(frozen=True)
class Publication:
    """A data set, a model or a variation of a model; ``path`` names it under its owner."""

    id: int
    kind: str
    owner: str
    path: str
    title: str
    subtitle: str
    description: str
    license_name: str
    is_private: bool
    created_at: datetime
    updated_at: datetime
    versions: tuple[PublicationVersion, ...]

    @property
    def newest(self) -> int:
        """The number of the newest version, 0 when there is none."""
        return self.versions[-1].number if self.versions else 0


def add_publication(
    store: Store,
    kind: Kind,
    owner: str,
    path: str,
    *,
    title: str,
    subtitle: str = "",
    description: str = "",
    license_name: str = "",
    is_private: bool = True,
    files: Mapping[str, str] | None = None,
    notes: str = "",
    now: datetime,
) -> Publication:
    """Publish something, with its first version where there are files.

    Parameters
    ----------
    files
        Name to digest of a file that ``store.files`` holds.

    Raises
    ------
    PublicationExists
        When the owner has something of this kind and name already.
    """
    with store.writing() as session:
        user = user_row(session, owner, lock=True)
        if _row(session, kind, owner, path) is not None:
            raise PublicationExists(f"{owner}/{path} exists already; make a new version of it")
        row = PublicationRow(
            kind=kind,
            owner_id=user.id,
            path=path,
            title=title,
            subtitle=subtitle,
            description=description,
            license_name=license_name,
            is_private=is_private,
            created_at=now,
            updated_at=now,
        )
        session.add(row)
        session.flush()
        if files:
            _add_version(session, store, row, files, notes, now)
        record(session, HOST_CHAIN, user.name, f"{kind} published", {"name": path}, now)
        return _value(session, row)


def add_publication_version(
    store: Store,
    publication_id: int,
    files: Mapping[str, str],
    *,
    notes: str = "",
    keep_old: bool = True,
    now: datetime,
) -> Publication:
    """Add a version; with ``keep_old=False`` the versions before it go."""
    with store.writing() as session:
        row = _locked(session, publication_id)
        version = _add_version(session, store, row, files, notes, now)
        if not keep_old:
            _drop_versions(session, row.id, except_id=version.id)
        row.updated_at = now
        details = {"name": row.path, "version": version.number}
        actor = session.get_one(UserRow, row.owner_id).name
        record(session, HOST_CHAIN, actor, f"{row.kind} version", details, now)
        return _value(session, row)


def change_publication(
    store: Store, publication_id: int, *, now: datetime, **changes: str | bool
) -> Publication:
    """Change title, subtitle, description, licence or privacy."""
    with store.writing() as session:
        row = _locked(session, publication_id)
        for name, value in changes.items():
            setattr(row, name, value)
        row.updated_at = now
        return _value(session, row)


def delete_publication(store: Store, publication_id: int, *, actor: str, now: datetime) -> None:
    """Remove a publication with all its versions."""
    with store.writing() as session:
        row = _locked(session, publication_id)
        _drop_versions(session, row.id)
        session.delete(row)
        record(session, HOST_CHAIN, actor, f"{row.kind} removed", {"name": row.path}, now)


def get_publication(store: Store, kind: Kind, owner: str, path: str) -> Publication:
    """Return a publication by its name.

    Raises
    ------
    UnknownPublication
        When there is none.
    """
    with store.reading() as session:
        row = _row(session, kind, owner, path)
        if row is None:
            raise UnknownPublication(f"no {kind} is named {owner}/{path}")
        return _value(session, row)


def publication_by_id(store: Store, publication_id: int) -> Publication:
    """Return a publication by its number.

    Raises
    ------
    UnknownPublication
        When there is none.
    """
    with store.reading() as session:
        row = session.get(PublicationRow, publication_id)
        if row is None:
            raise UnknownPublication(f"nothing published has the number {publication_id}")
        return _value(session, row)


def list_publications(store: Store, kind: Kind) -> list[Publication]:
    """Return everything published of a kind, the newest change first."""
    query = select(PublicationRow).where(PublicationRow.kind == kind)
    with store.reading() as session:
        rows = session.scalars(query.order_by(PublicationRow.updated_at.desc())).all()
        return [_value(session, row) for row in rows]


def publication_files(
    store: Store, publication: Publication, number: int | None = None
) -> list[StoredFile]:
    """Return the files of a version, the newest by default, by name.

    Raises
    ------
    UnknownPublication
        When there is no such version.
    """
    wanted = number or publication.newest
    with store.reading() as session:
        version = _version(session, publication.id, wanted)
        if version is None:
            name = f"{publication.owner}/{publication.path}"
            raise UnknownPublication(f"{name} has no version {wanted}")
        query = select(PublicationFileRow, FileRow.size).join(FileRow)
        chosen = query.where(PublicationFileRow.version_id == version.id)
        rows = session.execute(chosen.order_by(PublicationFileRow.name)).all()
        return [_file(store, row, size, version.created_at) for row, size in rows]


def publication_file(
    store: Store, publication: Publication, name: str, number: int | None = None
) -> StoredFile:
    """Return one file of a version.

    Raises
    ------
    UnknownPublication
        When there is no such version, or no such file in it.
    """
    files = {file.name: file for file in publication_files(store, publication, number)}
    if name not in files:
        where = f"{publication.owner}/{publication.path}"
        raise UnknownPublication(f"{where} has no file {name!r}{did_you_mean(name, files)}")
    return files[name]


def _row(session: Session, kind: Kind, owner: str, path: str) -> PublicationRow | None:
    query = (
        select(PublicationRow)
        .join(UserRow, UserRow.id == PublicationRow.owner_id)
        .where(
            PublicationRow.kind == kind,
            UserRow.name_key == name_key(owner),
            PublicationRow.path == path,
        )
    )
    return session.scalar(query)


def _locked(session: Session, publication_id: int) -> PublicationRow:
    row = session.get(PublicationRow, publication_id, with_for_update=True)
    if row is None:
        raise UnknownPublication(f"nothing published has the number {publication_id}")
    return row


def _add_version(
    session: Session,
    store: Store,
    row: PublicationRow,
    files: Mapping[str, str],
    notes: str,
    now: datetime,
) -> PublicationVersionRow:
    newest = select(func.max(PublicationVersionRow.number)).where(
        PublicationVersionRow.publication_id == row.id
    )
    version = PublicationVersionRow(
        publication_id=row.id,
        number=(session.scalar(newest) or 0) + 1,
        notes=notes,
        created_at=now,
    )
    session.add(version)
    session.flush()
    for name, digest in files.items():
        remember_file(session, store, digest, now)
        session.add(PublicationFileRow(version_id=version.id, name=name, digest=digest))
    session.flush()
    return version


def _drop_versions(session: Session, publication_id: int, *, except_id: int = 0) -> None:
    old = session.scalars(
        select(PublicationVersionRow.id).where(
            PublicationVersionRow.publication_id == publication_id,
            PublicationVersionRow.id != except_id,
        )
    ).all()
    session.execute(delete(PublicationFileRow).where(PublicationFileRow.version_id.in_(old)))
    session.execute(delete(PublicationVersionRow).where(PublicationVersionRow.id.in_(old)))


def _version(session: Session, publication_id: int, number: int) -> PublicationVersionRow | None:
    query = select(PublicationVersionRow).where(
        PublicationVersionRow.publication_id == publication_id,
        PublicationVersionRow.number == number,
    )
    return session.scalar(query)


def _value(session: Session, row: PublicationRow) -> Publication:
    return Publication(
        id=row.id,
        kind=row.kind,
        owner=session.get_one(UserRow, row.owner_id).name,
        path=row.path,
        title=row.title,
        subtitle=row.subtitle,
        description=row.description,
        license_name=row.license_name,
        is_private=row.is_private,
        created_at=row.created_at,
        updated_at=row.updated_at,
        versions=tuple(_versions(session, row.id)),
    )


def _versions(session: Session, publication_id: int) -> Sequence[PublicationVersion]:
    size = func.coalesce(func.sum(FileRow.size), 0)
    query = (
        select(PublicationVersionRow, size)
        .outerjoin(PublicationFileRow, PublicationFileRow.version_id == PublicationVersionRow.id)
        .outerjoin(FileRow, FileRow.digest == PublicationFileRow.digest)
        .where(PublicationVersionRow.publication_id == publication_id)
        .group_by(PublicationVersionRow.id)
        .order_by(PublicationVersionRow.number)
    )
    return [
        PublicationVersion(row.number, row.notes, row.created_at, int(total))
        for row, total in session.execute(query)
    ]


def _file(store: Store, row: PublicationFileRow, size: int, modified: datetime) -> StoredFile:
    return StoredFile(
        name=row.name,
        path=store.files.path(row.digest),
        size=size,
        sha256=row.digest,
        modified=modified,
    )
