"""The tables of what users publish beside contests: data sets and models, in versions."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import ForeignKey, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from competition.store.columns import Base, BigId

__all__ = ["PublicationFileRow", "PublicationRow", "PublicationVersionRow"]


class PublicationRow(Base):
    """A data set, a model, or a variation of a model. Kind and path name it under its owner."""

    __tablename__ = "publications"
    __table_args__ = (UniqueConstraint("kind", "owner_id", "path"),)
    id: Mapped[int] = mapped_column(BigId, primary_key=True, autoincrement=True)
    kind: Mapped[str] = mapped_column(String(20))
    owner_id: Mapped[int] = mapped_column(BigId, ForeignKey("users.id"), index=True)
    path: Mapped[str] = mapped_column(String(300))
    title: Mapped[str] = mapped_column(String(200))
    subtitle: Mapped[str] = mapped_column(String(200))
    description: Mapped[str] = mapped_column(Text)
    license_name: Mapped[str] = mapped_column(String(100))
    is_private: Mapped[bool]
    created_at: Mapped[datetime]
    updated_at: Mapped[datetime]


class PublicationVersionRow(Base):
    """One state of a publication's files; never changed once written."""

    __tablename__ = "publication_versions"
    __table_args__ = (UniqueConstraint("publication_id", "number"),)
    id: Mapped[int] = mapped_column(BigId, primary_key=True, autoincrement=True)
    publication_id: Mapped[int] = mapped_column(BigId, ForeignKey("publications.id"))
    number: Mapped[int]
    notes: Mapped[str] = mapped_column(Text)
    created_at: Mapped[datetime]


class PublicationFileRow(Base):
    """A file of one version."""

    __tablename__ = "publication_files"
    version_id: Mapped[int] = mapped_column(
        BigId, ForeignKey("publication_versions.id"), primary_key=True
    )
    name: Mapped[str] = mapped_column(String(500), primary_key=True)
    digest: Mapped[str] = mapped_column(String(64), ForeignKey("files.digest"))
