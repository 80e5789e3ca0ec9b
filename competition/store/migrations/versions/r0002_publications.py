"""Data sets and models that users publish."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def _id() -> sa.types.TypeEngine[int]:
    return sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """Create the tables of publications."""
    op.create_table(
        "publications",
        sa.Column("id", _id(), autoincrement=True, nullable=False),
        sa.Column("kind", sa.String(length=20), nullable=False),
        sa.Column("owner_id", _id(), nullable=False),
        sa.Column("path", sa.String(length=300), nullable=False),
        sa.Column("title", sa.String(length=200), nullable=False),
        sa.Column("subtitle", sa.String(length=200), nullable=False),
        sa.Column("description", sa.Text(), nullable=False),
        sa.Column("license_name", sa.String(length=100), nullable=False),
        sa.Column("is_private", sa.Boolean(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["owner_id"], ["users.id"], name=op.f("fk_publications_owner_id_users")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_publications")),
        sa.UniqueConstraint(
            "kind", "owner_id", "path", name=op.f("uq_publications_kind_owner_id_path")
        ),
    )
    op.create_index(op.f("ix_publications_owner_id"), "publications", ["owner_id"])
    op.create_table(
        "publication_versions",
        sa.Column("id", _id(), autoincrement=True, nullable=False),
        sa.Column("publication_id", _id(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("notes", sa.Text(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["publication_id"],
            ["publications.id"],
            name=op.f("fk_publication_versions_publication_id_publications"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_publication_versions")),
        sa.UniqueConstraint(
            "publication_id", "number", name=op.f("uq_publication_versions_publication_id_number")
        ),
    )
    op.create_table(
        "publication_files",
        sa.Column("version_id", _id(), nullable=False),
        sa.Column("name", sa.String(length=500), nullable=False),
        sa.Column("digest", sa.String(length=64), nullable=False),
        sa.ForeignKeyConstraint(
            ["digest"], ["files.digest"], name=op.f("fk_publication_files_digest_files")
        ),
        sa.ForeignKeyConstraint(
            ["version_id"],
            ["publication_versions.id"],
            name=op.f("fk_publication_files_version_id_publication_versions"),
        ),
        sa.PrimaryKeyConstraint("version_id", "name", name=op.f("pk_publication_files")),
    )
